// The certified OpenID provider, npm oidc-provider, as one process. Started by process.py from the folder where it is
// installed:   node --input-type=module - '{"issuer": …, "clients": …, "visitors": …}' < provider.mjs
// It makes new signing keys at each start, so a restart is a key rotation. Prints "ready" when it listens.
import { generateKeyPairSync } from 'node:crypto';

import { Provider } from 'oidc-provider';

const { issuer, clients, visitors } = JSON.parse(process.argv.at(-1));

const jwk = (alg, type, options) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig' });
const keys = [
  jwk('RS256', 'rsa', { modulusLength: 2048 }),
  jwk('PS256', 'rsa', { modulusLength: 2048 }),
  jwk('ES256', 'ec', { namedCurve: 'P-256' }),
  jwk('EdDSA', 'ed25519'),
  jwk('Ed25519', 'ed25519'),
];

const provider = new Provider(issuer, {
  // Each client has its ID tokens and JWT access tokens signed with its own algorithm.
  clients: clients.map(({ id, secret, redirect, algorithm, metadata }) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: [redirect],
    id_token_signed_response_alg: algorithm,
    ...metadata,
  })),
  enabledJWA: { idTokenSigningAlgValues: keys.map(({ alg }) => alg) },
  jwks: { keys },
  cookies: { keys: ['only for tests'] },
  claims: {
    profile: ['name', 'picture'],
    email: ['email', 'email_verified'],
    phone: ['phone_number', 'phone_number_verified'],
    tier: ['tier'],
  },
  scopes: ['openid', 'tier'],
  conformIdTokenClaims: false, // the profile goes into the ID token too
  findAccount: (_, id) => visitors[id] && { accountId: id, claims: () => ({ sub: id, ...visitors[id] }) },
  // and into the access token for an API, which is a JWT, or opaque and then introspection says it
  extraTokenClaims: (_, token) => token.resourceServer && visitors[token.accountId],
  features: {
    introspection: { enabled: true },
    jwtIntrospection: { enabled: true }, // RFC 9701
    jwtUserinfo: { enabled: true },
    revocation: { enabled: true },
    devInteractions: { enabled: true }, // its login form takes any password
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, indicator, client) => ({
        scope: 'chat',
        audience: indicator,
        ...(indicator.endsWith('/opaque')
          ? { accessTokenFormat: 'opaque' }
          : { accessTokenFormat: 'jwt', jwt: { sign: { alg: client.idTokenSignedResponseAlg } } }),
      }),
    },
  },
  ttl: Object.fromEntries(['AccessToken', 'IdToken'].map((kind) => [
    kind, (_, __, client) => clients.find(({ id }) => id === client.clientId).lifetime,
  ])),
});

provider.listen(new URL(issuer).port, '127.0.0.1', () => console.log('ready'));

"""The threats that the bridge must survive, by their ids, and in which words a test says each of them.

A threat's first case has the name of its class; the others are its neighbours. The words stand in the name of a row or
of a parameter, or in a test's docstring, together with an id. ``REASON`` stands for what no test can show:
``docs/security.md`` says why.
"""

from collections.abc import Mapping

REASON = ""
"""In place of words: there is a written reason instead of a test."""

Cases = Mapping[str, str]

J: Mapping[str, Cases] = {
    "J00": {"the baseline": "J00 baseline RS256"},
    "J01": {"alg none": "J01 alg none", "none in other spellings": "J01 none spelled 'nOnE'"},
    "J03": {"empty signature kept alg": "J03 empty signature", "truncated or extended": "J03 one byte less"},
    "J04": {"alg missing, null, number, array": "J04 alg ['RS256']"},
    "J05": {"RS to HS": "HS256 over the rsa key's pem", "ES and EdDSA to HS": "HS256 over the ed25519 key's jwk"},
    "J07": {"oct key in the JWKS": "J07 a published secret that says HS256"},
    "J08": {"alg not in the allow-list": "J08 PS512 where RS256 is allowed"},
    "J09": {"alg and the key's alg": "J09 alg RS512, token RS256"},
    "J10": {"alg and kty": "J10 ES256 under the rsa key", "alg and curve": "J10 ES256 under the ec384 key"},
    "J12": {"kid injection": "J12 kid '../../dev/null'", "kid of the wrong type": "J12 kid of the wrong type: [[]]"},
    "J14": {"no kid, one key": "J14 no kid, one key", "no kid, several keys": "J14 no kid, several keys, signed by"},
    "J16": {"embedded jwk": "J16 embedded jwk under its own kid"},
    "J17": {"jku, x5u": "J17 jku in the link-local range", "x5c": "J17 x5c of the attacker's", "x5t": "J17 x5t of"},
    "J19": {"unknown crit": "J19 crit of an unknown", "malformed crit": "J19 crit of 10^5 names"},
    "J21": {"b64 false": "J21 b64 false with crit, raw payload", "without crit": "J21 b64 false without crit"},
    "J23": {"zip": "J23 zip DEF"},
    "J24": {"JWE": "J24 JWE PBES2 of 2^31 rounds", "nested JWT": "J24 nested JWT"},
    "J26": {"wrong number of dots": "J26 10^6 dots"},
    "J27": {"JSON serialization": "J27 polyglot of both serializations"},
    "J28": {"duplicate member in the header": "J28 duplicate alg, none first"},
    "J30": {"invalid UTF-8": "J30 overlong UTF-8 in a claim", "lone surrogates": "J30 lone surrogate in a claim"},
    "J32": {
        "non-canonical base64url": "J32 stray bits",
        "alphabet and padding": "J32 standard alphabet",
        "surrounding whitespace": "J32 blanks around are taken off",
    },
    "J34": {"huge token": "J34 1 MB", "a large good one": "J34 8 kB"},
    "J35": {"deep JSON": "J35 nested 10^5 deep"},
    "J37": {
        "ECDSA r = 0, s = 0": "J37 ECDSA r = 0, s = 0",
        "ECDSA DER": "J37 ECDSA in DER",
        "malleability": "J37 ECDSA malleability",
    },
    "J40": {
        "invalid curve": "J40 a point off the curve",
        "point at infinity": "J40 the point (0, 0)",
        "small order": "J40 a point of small order",
    },
    "J41": {"weak RSA": "J41 RSA of 1024 bits", "ROCA": "J41 RSA of the ROCA family"},
    "J42": {
        "PKCS #1 v1.5 forgery": "J42 garbage behind the digest",
        "PSS and RS swapped": "J42 PSS under RS256",
        "wrong PSS salt or hash": "J42 PSS, MGF1 over another hash",
    },
    "J45": {"EdDSA names": "J45 ed25519 in small letters", "Ed448 under Ed25519": "J45 Ed448 under the Ed25519 key"},
    "J47": {"payload swapped": "J47 payload swapped"},
    "J48": {"another key, right kid": "J48 another RSA key under", "no refetch storm": "J48: no refetch storm"},
    "J49": {"payload not an object": "J49 payload []", "header not an object": "J49 header []"},
    "J52": {"unknown header members": "J52 a chain of 1.5 kB", "Graph's nonce": "J52 nonce of Entra's Graph"},
}

C: Mapping[str, Cases] = {
    "C01": {
        "wrong iss": "C01 another's iss",
        "missing, null, number": "C01 iss missing",
        "another tenant": "C01 another",
    },
    "C02": {"iss nearly right": "C02 iss URL/"},
    "C05": {"unknown issuer triggers discovery": "C05 an unknown issuer that publishes keys"},
    "C06": {"wrong aud": "C06 aud [['chat']]", "prefix, case, list of words": "C06 aud 'a chat'"},
    "C07": {"aud missing": "C07 aud missing"},
    "C08": {"aud list with ours": "C08 aud a list with ours"},
    "C10": {"azp of another client": "C10 azp of another client", "its aud": "C10 aud of the other client"},
    "C12": {
        "ID token as access token": "C12 ID token of our own client",
        "access token as ID token": "C12 an access token by",
        "acr, auth_time": "C12 acr and auth_time",
    },
    "C13": {
        "typ confusion": "C13 typ 'logout+jwt'",
        "logout token as login": "C13 logout token",
        "refresh or offline token": "C13 Keycloak's typ Offline",
    },
    "C16": {
        "exp in the past": "C16 exp at the very second",
        "clock skew": "C16 nbf and iat within leeway",
        "clock skew of the host": "C16 a clock ten minutes ahead",
    },
    "C18": {"exp of wrong type": "C18 exp True", "exp missing": "C18 exp missing"},
    "C19": {"exp NaN, Infinity, 1e999": "C18 exp 'NaN'", "huge, negative, fraction": "C19 exp 10^30"},
    "C21": {"lifetime too long": "C21 older than the operator's hour"},
    "C22": {"nbf in the future": "C22 nbf in an hour", "iat in the future": "C22 iat in an hour"},
    "C25": {"sub missing, empty, no text, long": "C25 sub of 300 characters"},
    "C26": {"sub collides between issuers": "C26: the same ``sub`` of two issuers"},
    "C28": {"unverified email": "C28 unverified email", "unverified phone": "C28 phone_number_verified missing"},
    "C29": {
        "email_verified as text": "C29 email_verified 'false'",
        "email_verified missing": "C29 email_verified missing",
        "email identity changed": REASON,
    },
    "C31": {"email of another form": "C31 tag", "case and Unicode": "C31 email 'adm\u0131n@shop.example'"},
    "C34": {"cnf": "C34 bound to its sender: DPoP"},
    "C35": {"act, may_act": "C35 the actor's address"},
    "C36": {
        "replay": "C36 the same token again",
        "a stolen token, told by hand": "C36 a stolen token",
        "an opaque one": "C36 incident a stolen token",
    },
    "C37": {"machine token": "C37 machine token"},
    "C39": {"claims named like our output": "C39 claims named like our output"},
}

K: Mapping[str, Cases] = {
    "K01": {"rotation": "K01: a token of a key that was published", "weaker key": "K01 a weaker key under the kid"},
    "K02": {"unknown-kid flood": "K02: one is refused after a fresh look"},
    "K03": {"retired key": "K03: after the next refresh", "leaked key, told by hand": "K03 a leaked key"},
    "K06": {"use enc, key_ops": "K06 a key with use enc"},
    "K07": {
        "unknown kty, crv, alg": "K07 a kty of tomorrow",
        "broken key in the set": "K07 n of 10^6 bits",
        "private members in the set": "K07 private members published",
    },
    "K10": {"500, 503, 404, 403": "K10 jwks 503", "keys survive a restart": "K10, O07: killed half-way"},
    "K11": {"slow, hanging, drip-fed": "K11 jwks drip_feed", "TLS that hangs": "K11 a handshake that hangs"},
    "K12": {"huge body": "K12 jwks endless_chunked", "gzip bomb": "K12 jwks gzip_bomb"},
    "K13": {
        "not JSON, wrong shape": "K13 jwks keys_null",
        "empty set": "K13 the empty set",
        "content type": "K00 a key set of any content type",
    },
    "K15": {"redirects": "K15 jwks redirects to http://169.254.169.254/jwks"},
    "K16": {
        "http:// downgrade": "K16 http:// downgrade",
        "any unfit document": "K16, K18: no document is better",
        "SSRF by discovery": "K16 jwks_uri 'http://169.254.169.254/jwks'",
        "where tokens are shown, by discovery": "K16 an endpoint's address by discovery",
        "wrong host": "K16 another host's name",
        "expired": "K16 expired",
        "self-signed": "K16 self-signed",
        "old TLS": "K16 TLS 1.1",
        "planted in state_dir": "K16: whoever can write to the folder",
        "a list of hosts that discovery may name": REASON,
    },
    "K18": {"issuer mismatch in discovery": "K18 issuer in another case"},
    "K19": {"Cache-Control": "K19: RFC 9111's freshness", "its bounds": "K19 whatever Cache-Control says"},
    "K21": {
        "thundering herd": "K21: callbacks that come before the keys",
        "failure shared": "K21: many callbacks at a provider that fails",
        "cancelled fetcher": "K21: a caller that hangs up",
    },
    "K23": {"algorithm list from discovery": "K23 alg none, which the discovery document"},
}

U: Mapping[str, Cases] = {
    "U00": {"the baseline": "U00 introspected the baseline"},
    "U01": {"sub mismatch": "U01 another's", "userinfo without sub": "U01 without sub"},
    "U03": {"active false, missing, text, number": "U03 introspected active 'true'", "401, 403": "U03 unbound 403"},
    "U04": {
        "foreign aud": "U04 introspected foreign aud",
        "foreign client": "U04 strict foreign client",
        "foreign iss": "U04 introspected foreign iss",
        "expired": "U04 introspected expired",
        "another client's token at userinfo": "U04: it says whose a token is, and not for whom",
    },
    "U06": {"CR, LF, NUL": "U06 line breaks", "not ASCII": "U06 not ASCII", "very long": "U06 very long"},
    "U09": {
        "429 with Retry-After": "U09: one request, however many tokens",
        "each endpoint by itself": "U09 the profile alone",
        "afterwards": "U09: and what was refused for its limit is taken",
        "a flood": "U09: the provider sees what",
    },
    "U10": {
        "500, hang, reset, truncated": "U10 unbound reset",
        "200 with HTML and the like": "U10 introspected first_member_twice",
        "not remembered as invalid": "U10: the provider's failure is not the visitor's",
        "other providers' visitors": "U10, O18: few are asked about at a time",
    },
    "U11": {"signed userinfo": "U11 another's aud", "signed introspection": "U11 introspection for another aud"},
    "U14": {"redirect with the token": "U14 introspected redirect_307", "a JWT's": "U14: the identity is at hand"},
    "U15": {
        "revoked after the first look": "U15: as long as ``max_age`` says",
        "expired after the first look": "C16, U15: a JWT that was remembered",
        "what introspection said": "U15: until then it is asked once",
        "negative results": "U15: those of the token and its owner",
        "cache key": "U15: two tokens of one visitor",
        "a shared cache": "U15: the name, the token, the callback and the configuration",
    },
    "U17": {
        "an opaque token with two dots": "U17: the twin: it looks like its provider's",
        "JWT-looking garbage": "U17 JWT-looking garbage",
        "an unverified JWT": "U17 an unsigned JWT",
    },
}

H: Mapping[str, Cases] = {
    "H01": {"missing header": "H01 missing", "constant cost": REASON},
    "H02": {
        "wrong secret": "H02 one byte off",
        "twice, lists": "H02 a comma list",
        "compared in constant time": REASON,
    },
    "H03": {
        "both orders": "H03 the scheme first",
        "blanks": "H03 blanks around and between",
        "the secret alone": "H03 the secret",
    },
    "H06": {"duplicate Authorization": "H06: more than one ``Authorization`` header"},
    "H07": {"empty secret configured": "H07 an empty variable", "unset": "H07 an unset variable"},
    "H08": {"wrong method": "that nobody has heard of (H08)"},
    "H09": {"content type": "H09 UTF-16 by its charset", "vendor's form": "H09 the vendor's form"},
    "H10": {
        "not JSON, empty, array, null, number": "H10 []",
        "access_token of other types": 'H10 access_token ["x"]',
        "access_token that says nothing": 'H10 access_token "undefined"',
        "body encodings": "H10 byte order mark",
    },
    "H14": {"deep JSON": "H14 30,000 lists deep", "huge integer": "H14 an integer of 50,000 digits"},
    "H16": {
        "huge body": "413 and the connection closed, with or without Content-Length",
        "huge head": "431 and the connection closed, whatever makes the head large",
        "memory flat": "H16: memory stays flat",
    },
    "H18": {
        "slow head": "A slow head is refused",
        "slow body": "limits.deadline holds for the body too",
        "idle connections": "Connections that say nothing cost nothing",
        "client gone": "A connection that ends at any point",
    },
    "H20": {"smuggling": "without a reset (THREATS.md H20, H21)"},
    "H21": {
        "Expect": "H21: an authorised caller is told",
        "HTTP/1.0": "H21: HTTP/1.0",
        "absolute form": "H21: RFC 9112 allows these forms",
        "HTTP/2 preface, Hosts": "without a reset (THREATS.md H20, H21)",
        "pipelining": "H21: fifty requests in one packet",
    },
    "H25": {"answer's own headers": "H25: JSON that nobody keeps", "admin endpoints": "not on the public one (H25)"},
    "H27": {"error text": "H27: one plain sentence or two"},
    "H28": {
        "extra body fields": "H28: what the visitor's browser says",
        "user_id in the body": "a debug line names them",
    },
    "H30": {
        "secret in the query": "H30: neither the header token",
        "X-Forwarded-*, Host": "H30: a caller that claims to be somebody",
    },
}

O: Mapping[str, Cases] = {  # noqa: E741 -- THREATS.md's letter
    "O01": {"SIGTERM under load": "until they are told to go (O01)", "not ready first": "/readyz says so first"},
    "O02": {"broken file": "mended, it is taken (O02)", "requests run": "by the one that it began with (O02)"},
    "O06": {
        "down for hours": "K10, O06: after ``keep_stale``",
        "DNS failure": "O06 a name that does not resolve",
        "change of address": "O06: no address is kept for ever",
    },
    "O07": {
        "down at start": "K10, O07: its visitors are told to come back",
        "ready all the same": "waited long enough (O07)",
        "with kept keys": "K10, O07: killed half-way",
    },
    "O08": {"distinct tokens": "O08: good and bad, all parts together", "metrics": "many others add no series"},
    "O09": {
        "log injection": "O09 kid",
        "header and path": "O09 the path",
        "any text": "byte that is not printable ASCII",
    },
    "O10": {
        "secrets in logs": "O10: no header token, no token, no name",
        "in tracebacks": "which may quote a visitor (O10)",
        "repr of settings": "O10: neither a finding nor the settings themselves",
        "query strings": "O10: not ours and not the HTTP client's",
    },
    "O12": {"liveness": "K11, O12: while one provider hangs", "readiness": "stopping does (O12)"},
    "O14": {"rotation": "the configuration itself is not touched (O14)", "newline": "O14 a secret from a file with"},
    "O17": {"container": "O17: no root", "in Kubernetes": "O17: no service account's token"},
    "O18": {
        "verification storm": "O18: forged signatures of the dearest kind",
        "huge JSON": "H16 10 MB",
        "limit of concurrency": "O18: beyond limits.in_flight",
        "timeouts": "O18: the deadline ends a call",
    },
}

M: Mapping[str, Cases] = {
    "M01": {
        "list, object, flag": "M01 an object",
        "null and empty": "M01 blank",
        "a template with one missing": "M01 a template with one missing",
    },
    "M03": {
        "control characters": "M03 control characters",
        "huge strings": "M03 longer than a name may be",
        "HTML and template text": "M03 template text",
    },
    "M07": {"avatar scheme": "M07 javascript", "private address": "M07 an address of a private network"},
    "M09": {
        "phone formats": "M09 full-width digits",
        "ambiguous country codes": "M09 Jersey and not Britain",
        "an extension": "M09 tel with extension",
    },
    "M12": {"label types": "M12 an object", "unknown roles": "M12 roles of nobody"},
    "M13": {"dots, slashes, colons": "M13 an address for a name", "no ambiguity": "M13 the path as one name"},
    "M16": {
        "tags, duplicates, tabs": "M16: what cannot be meant",
        "anchors": "M16: a few hundred bytes of aliases",
        "no, on, +84": "M16: YAML 1.2",
    },
    "M17": {"an absent claim": "M17: ``emial``"},
    "M19": {"empty identity": "M19: without the identity field", "no falling back": "M19 no falling back"},
}

DONE: Mapping[str, Mapping[str, Cases]] = {"J": J, "C": C, "K": K, "U": U, "H": H, "M": M, "O": O}
"""The groups that are covered as a whole."""

"""Signed answers about a token: verified like a token, with the same keys, and never taken for another kind of JWT.

Userinfo as ``application/jwt`` (OpenID Connect Core section 5.3.2) and introspection as
``application/token-introspection+jwt`` (RFC 9701 section 5). An issuer signs ID tokens, access tokens, logout tokens
and these answers with the same keys, so what a JWT is must show before what it says counts (RFC 8725 section 3.11).
"""

import time
from collections.abc import Callable, Mapping

from bridge.access_token import AccessToken
from bridge.claims import Json
from bridge.errors import ProviderUnavailable, TokenError
from bridge.oidc.claim_checks import is_date, media_type
from bridge.oidc.http import Endpoint
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import Keys
from bridge.oidc.jws import UntrustedJws, read_untrusted
from bridge.oidc.jwt import ID_TOKEN_SIGNS, KIND_CLAIMS
from bridge.oidc.settings import NO_AUDIENCE, ProviderSettings
from bridge.oidc.signature import Algorithms, allowed, verify_signature

INTROSPECTION = "token-introspection+jwt"
"""RFC 9701 section 5: the ``typ`` of a signed introspection answer, and its media type behind ``application/``."""

MAX_AGE = 300.0
"""Seconds: a signed introspection answer is made for the question; an older one is another question's."""

# What userinfo never says of a visitor, and other JWTs of the same issuer say of themselves: an ID token, an access
# token (RFC 9068 section 2.2), a security event such as a logout token, a signed introspection answer.
_SIGNS_OF_OTHERS = (
    *ID_TOKEN_SIGNS,
    "s_hash",
    *KIND_CLAIMS,
    "scope",
    "scp",
    "cnf",
    "events",
    "token_introspection",
)


class SignedAnswers:
    """Verifies what one provider has signed about tokens.

    Args:
        keys: Its keys.
        algorithms: The allow-list; that of its tokens.
        issuers: Its issuers.
        audiences: Whom an answer may be made for: our client ids there, and our audiences.
        now: Seconds since the epoch.
        leeway: Seconds that clocks may differ.
    """

    def __init__(
        self,
        keys: Keys,
        algorithms: Algorithms,
        issuers: Issuers,
        audiences: frozenset[str],
        *,
        now: Callable[[], float] = time.time,
        leeway: float = 30.0,
    ) -> None:
        self._keys = keys
        self._algorithms = algorithms
        self._issuers = issuers
        self._audiences = audiences
        self._now = now
        self._leeway = leeway

    async def userinfo(self, body: bytes) -> Mapping[str, Json]:
        """The claims of a signed userinfo answer; ``iss`` and ``aud`` may be missing (Core: SHOULD), but not be wrong.

        Raises:
            ProviderUnavailable: It cannot be read, is not the provider's, not for us, of another time or another kind.
            ProviderBusy: The keys cannot be had.
        """
        jws = await self._verified(body, "userinfo")
        if "typ" in jws.header and _typ(jws) != "jwt":
            raise _refusal("userinfo", "its header's typ is another kind's; JWT or none was expected")
        if found := [name for name in _SIGNS_OF_OTHERS if jws.claims.get(name) is not None]:
            raise _refusal("userinfo", f"it is another kind of JWT, a token perhaps: it has {', '.join(found)}")
        if "iss" in jws.claims:
            self._check_issuer(jws.claims, "userinfo")
        if "aud" in jws.claims:
            self._check_audience(jws.claims, "userinfo")
        self._check_dates(jws.claims, "userinfo")
        return jws.claims

    async def introspection(self, body: bytes) -> Mapping[str, Json]:
        """The ``token_introspection`` object of a signed introspection answer.

        Raises:
            ProviderUnavailable, ProviderBusy: As ``userinfo`` has them; here ``typ``, ``iss``, ``aud`` and ``iat`` are
                required.
        """
        jws = await self._verified(body, "introspection")
        if _typ(jws) != INTROSPECTION:
            raise _refusal("introspection", f"its header's typ is not {INTROSPECTION}")
        self._check_issuer(jws.claims, "introspection")
        self._check_audience(jws.claims, "introspection")
        if "iat" not in jws.claims:
            raise _refusal("introspection", "iat is missing")
        self._check_dates(jws.claims, "introspection")
        if self._now() - jws.claims["iat"] > MAX_AGE + self._leeway:
            raise _refusal("introspection", f"it was made more than {MAX_AGE:g} s ago, for another question")
        answer = jws.claims.get("token_introspection")
        if not isinstance(answer, dict):
            raise _refusal("introspection", "token_introspection is missing or no object")
        return answer

    async def _verified(self, body: bytes, endpoint: Endpoint) -> UntrustedJws:
        try:
            # Not a token, but of the same form, and not one whit more trusted before its signature is checked.
            jws = read_untrusted(AccessToken(body.decode("ascii").strip()))
            await verify_signature(jws, self._keys, self._algorithms, self._issuers)
        except TokenError as refusal:
            raise _refusal(endpoint, refusal.detail) from None
        except ValueError:
            raise _refusal(endpoint, "it is no JWT") from None
        return jws

    def _check_issuer(self, claims: Mapping[str, Json], endpoint: Endpoint) -> None:
        if not self._issuers.include(claims):
            raise _refusal(endpoint, "iss is another provider's")

    def _check_audience(self, claims: Mapping[str, Json], endpoint: Endpoint) -> None:
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(name, str) and name in self._audiences for name in named):
            raise _refusal(endpoint, f"its aud is none of {sorted(self._audiences)}")

    def _check_dates(self, claims: Mapping[str, Json], endpoint: Endpoint) -> None:
        now = self._now()
        for name in ("exp", "nbf", "iat"):
            if name in claims and not is_date(claims[name]):
                raise _refusal(endpoint, f"{name} is no NumericDate")
        if "exp" in claims and now >= claims["exp"] + self._leeway:
            raise _refusal(endpoint, f"exp is {now - claims['exp']:.0f} s past")
        if any(name in claims and claims[name] - now > self._leeway for name in ("nbf", "iat")):
            raise _refusal(endpoint, "nbf or iat is in the future")


def signed_answers(settings: ProviderSettings, keys: Keys, *, now: Callable[[], float] = time.time) -> SignedAnswers:
    """What verifies the answers of a provider with these settings and keys."""
    client = settings.introspection.client_id if settings.introspection is not None else None
    ours = {client or "", *settings.audience, *settings.id_token_audience, *settings.authorized_parties}
    return SignedAnswers(
        keys,
        allowed(settings.allowed_algorithms),
        Issuers(settings.issuer, settings.tenants),
        frozenset(ours - {"", NO_AUDIENCE}),
        now=now,
        leeway=settings.leeway,
    )


def _typ(jws: UntrustedJws) -> str | None:
    typ = jws.header.get("typ")
    return media_type(typ) if isinstance(typ, str) else None


def _refusal(endpoint: Endpoint, reason: str) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"the signed answer of {endpoint} cannot be believed: {reason}",
        hint=f"Plain JSON is as good over a verified connection: let the provider not sign {endpoint} for this client.",
    )

"""What is asked of a provider about a token: its userinfo, introspection and token-check endpoints, and how often."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, SecretStr, Tag

from bridge.errors import Problem
from bridge.oidc.algorithms import SECRET_BYTES
from bridge.oidc.placeholder import is_placeholder
from bridge.oidc.signing_key import unfit_private_key
from bridge.units import OneOrList, Rate, Settings

Texts = Annotated[tuple[str, ...], OneOrList]

ClientAuthentication = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]
"""How we prove who we are (OpenID Connect Core section 9)."""

BEARER: Final = "bearer"
"""The token goes where RFC 6750 section 2.1 puts it."""

STANDARD_CLAIMS = ("name", "email", "email_verified", "phone_number", "phone_number_verified", "picture")
"""What userinfo is worth asking for, unless ``supplies`` says otherwise."""


class TokenPlace(Settings):
    """Where an endpoint takes the token that is not a bearer of RFC 6750 section 2.1: exactly one of these.

    Attributes:
        header: A header of this name.
        query: A query parameter of this name; the address, token included, may stand in the provider's logs.
        form: A form field of this name, sent by POST.
    """

    header: str | None = None
    query: str | None = None
    form: str | None = None


UNION_TAGS: Final = ("<word>", "<place>")
"""Steps that pydantic adds to an error's location and that no operator has written."""

TokenIn = Annotated[
    Annotated[Literal["bearer"], Tag(UNION_TAGS[0])] | Annotated[TokenPlace, Tag(UNION_TAGS[1])],
    Discriminator(lambda written: UNION_TAGS[0] if isinstance(written, str) else UNION_TAGS[1]),
]
"""``bearer``, or a place of another name."""


class UserinfoSettings(Settings):
    """The userinfo endpoint (OpenID Connect Core section 5.3), or a plain "who am I" endpoint.

    Attributes:
        when: Whether it is asked about a JWT: never, when a claim is missing that the mapping reads and that it
            supplies, or always.
        url: Where it is; default: what discovery says.
        supplies: The claims that it is worth asking for.
        query: Fixed query parameters.
        token_in: Where it takes the token: ``bearer``, or a header, query parameter or form field by name.
        subject: Which member of its answer is the visitor's id.
        refused_when: A CONDITION on an answer of status 200 that means no.
    """

    when: Literal["never", "missing", "always"] = "never"
    url: str | None = None
    supplies: Texts = STANDARD_CLAIMS
    query: dict[str, str] = Field(default_factory=dict)
    token_in: TokenIn = BEARER
    subject: str = "sub"
    refused_when: Any = None


class IntrospectionSettings(Settings):
    """The introspection endpoint (RFC 7662).

    Attributes:
        url: Where it is; default: what discovery says.
        when: Whether it is asked about opaque tokens only, or about JWTs too.
        client_id: Who we are there.
        client_secret: Our secret, for the ``client_secret_…`` methods.
        private_key: Our PEM key, for ``private_key_jwt``.
        key_id: The ``kid`` of that key, where the provider wants one.
        auth_method: How we prove who we are.
    """

    url: str | None = None
    when: Literal["opaque", "always"] = "opaque"
    client_id: str | None = None
    client_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    key_id: str | None = None
    auth_method: ClientAuthentication = "client_secret_basic"

    def problems(self) -> Iterator[Problem]:
        """What is missing for the method, or stands there for nothing. Key paths are relative to it."""
        method = self.auth_method
        wanted = "private_key" if method == "private_key_jwt" else "client_secret" if method != "none" else None
        if self.client_id is None and wanted is not None:
            why = "Introspection is for clients that the provider knows (RFC 7662 section 2.1)."
            yield Problem(("client_id",), "missing", why, "Register the bridge as a client there, and write its id.")
        for name, value in (("client_secret", self.client_secret), ("private_key", self.private_key)):
            if name == wanted and value is None:
                cure = f"Give it as {name}: {{env: NAME}} or {{file: PATH}}, or choose another auth_method."
                yield Problem((name,), f"missing, with {method}", "It proves who we are there.", cure)
            elif name != wanted and value is not None:
                cure = "Remove it, or choose the auth_method that it is for."
                yield Problem((name,), f"beside {method}", "It would not be used.", cure)
            elif value is not None:
                yield from self._secret_problems(name, value.get_secret_value())

    def _secret_problems(self, name: str, secret: str) -> Iterator[Problem]:
        if name == "private_key" and (reason := unfit_private_key(secret)):
            yield Problem((name,), reason, "", "Give the PEM text of an RSA, EC or Ed25519 private key.")
        elif name == "client_secret" and is_placeholder(secret):
            yield Problem((name,), "a placeholder", "The provider would refuse us.", "Give the client's own secret.")
        elif self.auth_method == "client_secret_jwt" and len(secret.encode()) < SECRET_BYTES["HS256"]:
            found = f"{len(secret.encode())} bytes, at least {SECRET_BYTES['HS256']} were expected"
            why = "A secret shorter than its hash can be guessed from one assertion (RFC 7518 section 3.2)."
            yield Problem((name,), found, why, "Have the provider give a longer one, or use client_secret_basic.")


class TokenCheckSettings(Settings):
    """An endpoint that says for whom an opaque token was made, where there is no introspection: Google's tokeninfo.

    Attributes:
        url: Where it is.
        query: Fixed query parameters.
        token_in: Where it takes the token.
        audience: The member that names the client or audience, compared with the provider's ``audience``: a name, or a
            list of names that walks into objects.
        expires_in: The member that says for how many seconds more the token is good.
        rules: CONDITIONs that the answer must meet as well; with them ``audience`` may be left out of the provider.
    """

    url: str | None = None
    query: dict[str, str] = Field(default_factory=dict)
    token_in: TokenIn = BEARER
    audience: Texts = ("aud",)
    expires_in: str = "expires_in"
    rules: Annotated[tuple[Any, ...], OneOrList] = ()


class RequestSettings(Settings):
    """What the provider may be asked in all about tokens; its key set and discovery have their own pace.

    Attributes:
        rate: Requests per second in the long run.
        burst: Requests at once after a quiet time; a fifth is kept for tokens that were good before.
        in_flight: Requests at the same time.
    """

    rate: Annotated[Rate, Field(gt=0)] = 50.0
    burst: Annotated[int, Field(gt=0)] = 100
    in_flight: Annotated[int, Field(gt=0)] = 64

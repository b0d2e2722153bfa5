"""What is asked of a provider about a token: its userinfo, introspection and token-check endpoints, and how often."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, SecretStr, Tag

from bridge.errors import Problem
from bridge.oidc.algorithms import SECRET_BYTES
from bridge.oidc.signing_key import unfit_private_key
from bridge.oidc.token_place import TokenPlace, request_problems, url_problems
from bridge.placeholder import is_example
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

UNION_TAGS: Final = ("<word>", "<place>")
"""Steps that pydantic puts into the place of an error and that no operator has written."""

TokenIn = Annotated[
    Annotated[Literal["bearer"], Tag(UNION_TAGS[0])] | Annotated[TokenPlace, Tag(UNION_TAGS[1])],
    Discriminator(lambda written: UNION_TAGS[isinstance(written, dict | TokenPlace)]),
]
"""``bearer``, or a place by name."""

_METHOD: Final = (("auth_method",),)
"""What the problems with a credential rest on."""

# What each method proves who we are with; the default is to prove it.
_CREDENTIALS: Mapping[str, str] = {
    "client_secret_basic": "client_secret",
    "client_secret_post": "client_secret",
    "client_secret_jwt": "client_secret",
    "private_key_jwt": "private_key",
}


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

    def problems(self, *, insecure: bool) -> Iterator[Problem]:
        """What no single field shows, but for ``refused_when``, which is the mapping's to read.

        Key paths are relative to the settings. ``insecure``: plain http is accepted.
        """
        yield from request_problems(self.url, self.query, self.token_in, insecure=insecure)
        if not self.subject.strip():
            yield Problem(
                ("subject",), "blank", "Every visitor needs an id.", "Remove it to have sub, or name the member."
            )
        if not self.supplies:
            yield Problem(("supplies",), "empty", "It would never be asked.", "Remove it, or set when: never.")
        yield from blanks("supplies", self.supplies)


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

    def problems(self, *, insecure: bool) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the settings. ``insecure``: plain http is accepted."""
        yield from url_problems(self.url, insecure=insecure)
        needed = _CREDENTIALS.get(self.auth_method)
        if self.client_id is None and needed is not None:
            yield Problem(
                ("client_id",),
                "missing",
                "The endpoint answers its own clients only (RFC 7662 section 2.1).",
                "Set client_id: to a confidential client of the bridge's own.",
                _METHOD,
            )
        elif self.client_id is not None and not self.client_id.strip():
            yield Problem(("client_id",), "blank", "", "Write the client's id.")
        for name in ("client_secret", "private_key"):
            if name == needed and getattr(self, name) is None:
                yield Problem(
                    (name,),
                    f"missing, with auth_method {self.auth_method}",
                    "Nothing would prove who we are.",
                    f"Set {name}: {{env: NAME}}; or, if the endpoint really asks nobody for proof, auth_method: none.",
                    _METHOD,
                )
            elif name != needed and getattr(self, name) is not None:
                yield Problem(
                    (name,),
                    f"given, with auth_method {self.auth_method}",
                    "It would never be used.",
                    "Remove it, or set the auth_method that it is for: "
                    f"{' or '.join(method for method, credential in _CREDENTIALS.items() if credential == name)}.",
                    _METHOD,
                )
        if self.key_id is not None and (needed != "private_key" or not self.key_id.strip()):
            yield Problem(
                ("key_id",),
                "blank" if needed == "private_key" else "without private_key_jwt",
                "It names the key that private_key_jwt signs with.",
                "Remove it, or write the kid under which the provider has the key.",
                _METHOD,
            )
        yield from self._credential_problems()

    def _credential_problems(self) -> Iterator[Problem]:
        if self.private_key is not None and (reason := unfit_private_key(self.private_key.get_secret_value())):
            yield Problem(
                ("private_key",),
                reason,
                "Our assertions are signed with it.",
                "Give the PEM text of an RSA (2048 bits or more), EC or Ed25519 private key: {file: PATH}.",
            )
        if self.client_secret is None:
            return
        secret = self.client_secret.get_secret_value()
        if not secret.strip() or not secret.isprintable():
            found, cure = "blank, or with a line break or another control character", "Copy it from the provider anew."
        elif "-----BEGIN" in secret:
            found, cure = "a PEM key, which is no client secret", "Give it as private_key, with private_key_jwt."
        elif is_example(secret):
            found, cure = "a placeholder", "Copy the client's secret from the provider."
        elif self.auth_method == "client_secret_jwt" and len(secret.encode()) < SECRET_BYTES["HS256"]:
            found = f"{len(secret.encode())} bytes, at least {SECRET_BYTES['HS256']} were expected to sign with"
            cure = "Let the provider make a longer one (RFC 7518 section 3.2)."
        else:
            return
        yield Problem(("client_secret",), found, "It proves to the provider who we are.", cure)


class TokenCheckSettings(Settings):
    """An endpoint that says for whom an opaque token was made, where there is no introspection: Google's tokeninfo.

    Attributes:
        url: Where it is.
        query: Fixed query parameters.
        token_in: Where it takes the token.
        audience: The member that names the client or audience, compared with the provider's ``audience``: a name, or a
            list of names that walks into objects.
        expires_in: The member that says for how many seconds more the token is good.
        rules: CONDITIONs that the answer must meet as well; with them the provider's ``audience`` may be left out.
    """

    url: str | None = None
    query: dict[str, str] = Field(default_factory=dict)
    token_in: TokenIn = BEARER
    audience: Texts = ("aud",)
    expires_in: str = "expires_in"
    rules: Annotated[tuple[Any, ...], OneOrList] = ()

    def problems(self, *, insecure: bool) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the settings. ``insecure``: plain http is accepted."""
        if self.url is None:
            yield Problem(
                ("url",),
                "missing",
                "Discovery does not say where it is.",
                "Set url: to the endpoint that says for whom a token was made.",
            )
        yield from request_problems(self.url, self.query, self.token_in, insecure=insecure)
        if not self.audience:
            yield Problem(
                ("audience",),
                "empty",
                "A token made for another application would be accepted.",
                "Remove it to have aud, or name the member that names the client.",
            )
        yield from blanks("audience", self.audience)


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


def blanks(name: str, texts: Texts) -> Iterator[Problem]:
    """A problem for each blank text of a setting; key paths begin with the setting's name."""
    for position, text in enumerate(texts):
        if not text.strip():
            yield Problem((name, position), "blank", "", "Remove it, or write what is meant.")

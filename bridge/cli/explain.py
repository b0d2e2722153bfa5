"""``idp-bridge explain``: every step that a token, or a set of claims, goes through, and what comes of it."""

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.cli.configuration import ConfigOption, configuration_file, unresolved_configuration
from bridge.cli.console import Status, cannot_tell, read_text, say_json
from bridge.cli.explanation import Explanation, explanation_as_json, say_explanation
from bridge.config.cases import Data, data_of, sent, verified
from bridge.config.field_errors import nearest_or
from bridge.config.model import Callback, Model
from bridge.config.references import Needed
from bridge.contract.request import read_request
from bridge.errors import BridgeError, KeyPath, ProviderError
from bridge.oidc.issuer import Issuers
from bridge.oidc.jws import UntrustedJws, has_jwt_form, is_lookalike, read_untrusted
from bridge.oidc.token_pattern import TokenPattern
from bridge.strict_json import JsonInvalid, loads
from bridge.trace import RecordingTrace


def explain(  # noqa: PLR0917 -- typer makes options of them, none is positional
    token_file: Annotated[
        str | None, typer.Option("--token-file", metavar="FILE", help="A visitor's token; - is standard input.")
    ] = None,
    claims: Annotated[
        str | None,
        typer.Option("--claims", metavar="FILE", help="Claims as JSON, taken as verified; - is standard input."),
    ] = None,
    sources: Annotated[
        str | None,
        typer.Option("--sources", metavar="FILE", help="With --claims: what sources say, JSON by their names."),
    ] = None,
    config: ConfigOption = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="As if there were this provider only.")] = None,
    callback: Annotated[str | None, typer.Option(metavar="NAME", help="The callback, where there are several.")] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show the visitor's values, which are masked otherwise.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show every step that a visitor's token goes through, each with its verdict, and the answer CX Genie would get.

    With --token-file the provider is asked as the service would, for its keys or about the token; of the secrets, only
    those of the token's own provider are looked up. With --claims nothing is: only require and the mapping run.

    Exit status: 0 the visitor is identified; 1 refused; 2 cannot tell: a file cannot be read, or the provider be
    reached.
    """
    if (token_file is None) == (claims is None):
        raise cannot_tell("Give --token-file FILE or --claims FILE, one of them.", as_json=as_json)
    if sources is not None and claims is None:
        raise cannot_tell("Give --sources with --claims: with a token the sources are asked.", as_json=as_json)
    path = configuration_file(config, as_json=as_json)
    asked = _Asked(path, callback, provider, as_json=as_json)
    if claims is not None:
        facts = {} if sources is None else _read_object(sources, "sources", as_json=as_json)
        explained = asked.of_claims(_read_object(claims, "claims", as_json=as_json), facts)
    else:
        explained = asyncio.run(asked.of_token(read_text(token_file or "", "token", as_json=as_json)))
    if as_json:
        say_json(explanation_as_json(explained, show_values=show_values))
    else:
        say_explanation(explained, show_values=show_values)
    raise typer.Exit(_status(explained.refusal))


def _status(refusal: BridgeError | None) -> Status:
    if refusal is None:
        return Status.YES
    return Status.CANNOT_TELL if isinstance(refusal, ProviderError) else Status.FINDING


class _Asked:
    """What is asked of which configuration, callback and provider."""

    def __init__(self, path: Path, callback: str | None, provider: str | None, *, as_json: bool) -> None:
        self._path = path
        self._callback = callback
        self._provider = provider
        self._as_json = as_json

    def of_claims(self, claims: Mapping[str, Any], facts: Mapping[str, Any]) -> Explanation:
        """The mapping half: the claims count as verified, and nothing from outside is looked up."""
        model = self._model(needed=False)
        for name, said in facts.items():
            self._known("source", name, model.sources)
            if not isinstance(said, dict):
                raise self._cannot_tell(f"What source {name} says is no JSON object.")
        callback, provider = self._chosen(model, _issued(model, claims))
        if provider is None and len(callback.providers) == 1:
            (provider,) = callback.providers
        if provider is None:
            names = ", ".join(callback.providers)
            raise self._cannot_tell(f"Whose claims are these? Name one of {names} with --provider.")
        trace = RecordingTrace()
        data: Data | None = None
        refusal: BridgeError | None = None
        try:
            data = data_of(callback, verified(model, provider, claims, facts=facts), trace)
        except BridgeError as error:
            refusal = error
        return Explanation(callback, provider, trace, data, refusal, claims)

    async def of_token(self, text: str) -> Explanation:
        """All of it, by the flow that the service runs."""
        model = self._model(needed=_needed_of(None))
        trace = RecordingTrace()
        try:
            body = json.dumps({"access_token": text}).encode()
            token = read_request(body, "json", max_token=model.limits.token).token
        except BridgeError as refusal:
            callback, _ = self._chosen(model, frozenset())
            trace.step("token", "form", "refused", refusal.detail)
            return Explanation(callback, None, trace, None, refusal, {})
        untrusted = _untrusted(token)
        claims = untrusted.claims if untrusted is not None else {}
        owners = _issued(model, claims) | _recognized(model, token)
        callback, provider = self._chosen(model, owners)
        if untrusted is not None:
            header = {name: untrusted.header[name] for name in ("alg", "typ", "kid") if name in untrusted.header}
            trace.step("token", "header", "note", json.dumps(header, ensure_ascii=False))
        if provider is not None:
            wanted = callback.mappings[provider].sources_wanted()
            model = _only(self._model(needed=_needed_of(provider, wanted)), callback.name, provider)
        data: Data | None = None
        error: BridgeError | None = None
        try:
            # What it would keep belongs to whoever runs this, and the service could not read it.
            async with assemble(replace(model, state_dir=None)) as bridge:
                answer = await bridge.authentications[callback.name].authenticate(token, trace)
            provider, data = answer.provider, sent(callback, answer.user)
        except BridgeError as refusal:
            error = refusal
        return Explanation(callback, provider, trace, data, error, claims)

    def _model(self, *, needed: bool | Needed) -> Model:
        return unresolved_configuration(self._path, Status.CANNOT_TELL, needed=needed, as_json=self._as_json).model

    def _chosen(self, model: Model, owners: frozenset[str]) -> tuple[Callback, str | None]:
        """The callback, and the provider: as named, or the only one of those whose token it may be."""
        callbacks = {each.name: each for each in model.callbacks}
        names = list(callbacks) if self._callback is None else [self._known("callback", self._callback, callbacks)]
        if self._provider is None:
            names = [name for name in names if owners.intersection(callbacks[name].providers)] or names
        else:
            owners = frozenset({self._known("provider", self._provider, model.providers)})
            names = [name for name in names if self._provider in callbacks[name].providers]
        if not names:
            raise self._cannot_tell(f"No such callback takes tokens of {self._provider}.")
        if len(names) > 1:
            raise self._cannot_tell(f"Several callbacks may be meant: name one of {', '.join(names)} with --callback.")
        callback = callbacks[names[0]]
        possible = [name for name in callback.providers if name in owners]
        return callback, possible[0] if len(possible) == 1 else None

    def _known(self, what: str, name: str, known: Mapping[str, Any]) -> str:
        if name in known:
            return name
        cure = nearest_or(name, known, f"There are {', '.join(known)}.")
        raise self._cannot_tell(f"There is no {what} {name}. {cure}")

    def _cannot_tell(self, sentence: str) -> typer.Exit:
        return cannot_tell(sentence, as_json=self._as_json)


def _needed_of(provider: str | None, sources: Collection[str] = ()) -> Needed:
    """Which references are looked up: never a header token; of the providers this one, and what tells tokens apart."""

    def needed(path: KeyPath) -> bool:
        if path[0] == "sources":
            return path[1] in sources
        if path[0] == "providers":
            return path[1] == provider or path[2] in {"issuer", "token_pattern"}
        return path[0] in {"callback", "callbacks"} and "header_token" not in path

    return needed


def _only(model: Model, callback: str, provider: str) -> Model:
    """The same with this provider alone, so that no other is asked for its keys."""
    return replace(
        model,
        callbacks=tuple(replace(each, providers=(provider,)) for each in model.callbacks if each.name == callback),
        providers={provider: model.providers[provider]},
    )


def _issued(model: Model, untrusted_claims: Mapping[str, Any]) -> frozenset[str]:
    """The providers whose issuer the claims name."""
    providers = model.providers.items()
    return frozenset(name for name, each in providers if Issuers(each.issuer, each.tenants).include(untrusted_claims))


def _recognized(model: Model, token: AccessToken) -> frozenset[str]:
    """The providers whose token an opaque one looks like; none for a JWT."""
    jwt_form = has_jwt_form(token)
    if jwt_form and not is_lookalike(token):
        return frozenset()
    patterns = {
        name: TokenPattern(".*" if each.token_pattern is None else each.token_pattern)
        for name, each in model.providers.items()
        if each.takes_opaque_tokens
    }
    return frozenset(
        name
        for name, pattern in patterns.items()
        if pattern.matches(token.text) and (pattern.begins_as_jwt or not jwt_form)
    )


def _untrusted(token: AccessToken) -> UntrustedJws | None:
    try:
        return read_untrusted(token) if token.looks_like_jwt else None
    except BridgeError:
        return None  # the flow will say so


def _read_object(file: str, what: str, *, as_json: bool) -> Mapping[str, Any]:
    try:
        value = loads(read_text(file, what, as_json=as_json).encode())
    except JsonInvalid as error:
        raise cannot_tell(f"The {what} in {file} are not JSON that is read: {error}.", as_json=as_json) from None
    if not isinstance(value, dict):
        raise cannot_tell(f"The {what} in {file} are no JSON object.", as_json=as_json)
    return value

"""What one sample token meets: all of the flow that the service runs, and introspection's word beside it."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.authentication import Authentication
from bridge.config.model import Model
from bridge.contract.request import read_request
from bridge.doctor.asked import Asked
from bridge.doctor.finding import Finding
from bridge.errors import BridgeError, ProviderError, TokenInactive
from bridge.trace import RecordingTrace


async def examine_token(text: str, model: Model, asked: Mapping[str, Asked]) -> AsyncIterator[Finding]:
    """What is to be said of a token, in each callback: of what is found now, whatever the service remembers of it.

    Args:
        text: The token, as the page hands it to the widget.
        model: The configuration.
        asked: The providers' endpoints, by name.
    """
    try:
        token = read_request(json.dumps({"access_token": text}).encode(), "json", max_token=model.limits.token).token
    except BridgeError as refusal:
        yield _refused("the sample token", refusal)
        return
    # What they would keep belongs to whoever runs this, and the service could not read it.
    model = replace(model, state_dir=None)
    async with assemble(_alone(model)) as verifying, assemble(model) as bridge:
        for callback in model.callbacks:
            about = f"callback {callback.name}"
            try:
                answer = await bridge.authentications[callback.name].authenticate(token, RecordingTrace())
            except BridgeError as refusal:
                finding = _refused(about, refusal)
            else:
                finding = Finding("token", about, "ok", f"the sample token is taken, by provider {answer.provider}")
            yield finding
            if token.looks_like_jwt and (word := await _word(token, verifying.authentications[callback.name], asked)):
                yield word


async def _word(token: AccessToken, authentication: Authentication, asked: Mapping[str, Asked]) -> Finding | None:
    """Introspection's word on a token that is good by its keys and claims, which ``authentication`` alone looks at."""
    try:
        provider = (await authentication.authenticate(token, RecordingTrace())).provider
    except BridgeError:
        return None
    introspection = asked[provider].introspection
    if introspection is None:
        return None
    about = f"provider {provider}"
    try:
        await introspection.ask(token)
    except TokenInactive:
        why = (
            "Keycloak, among others, answers active: false for a good token when the client that asks is not in the"
            " token's aud."
        )
        cure = (
            "Add an audience mapper for that client (introspection: {client_id: …}), ask with a client that is in aud,"
            " or have JWTs verified by the keys alone: introspection: {when: opaque}."
        )
        found = "the token is good by its signature and claims, and introspection calls it inactive"
        return Finding("introspection_audience", about, "finding", found, why, cure)
    except ProviderError:
        return None  # said before, of a made-up token
    return Finding("introspection_audience", about, "ok", "introspection calls the sample token active")


def _refused(about: str, refusal: BridgeError) -> Finding:
    found = f"the sample token is refused: {refusal.code}: {refusal.detail}"
    cure = refusal.hint or "`idp-bridge explain --token-file FILE` shows every step."
    return Finding("token", about, "finding", found, "Its visitor would chat as a stranger.", cure)


def _alone(model: Model) -> Model:
    """The same, with JWTs verified by the providers' keys alone."""
    providers = {
        name: settings
        if settings.introspection is None
        else settings.model_copy(update={"introspection": settings.introspection.model_copy(update={"when": "opaque"})})
        for name, settings in model.providers.items()
    }
    return replace(model, providers=providers)

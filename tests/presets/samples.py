"""The samples of tests/vectors/idp_claims, and what a bridge with the guide's own lines of YAML makes of them."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.config.load import load_text
from bridge.config.model import Model
from bridge.config.yaml_document import read_yaml
from bridge.contract.response import Responses
from bridge.oidc.key_settings import JwksSettings
from tests.issuer import keys, mint
from tests.issuer.token_endpoints import ENDPOINTS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "idp_claims"
NAMES = tuple(sorted(file.stem for file in FOLDER.glob("*.json")))

SECRET = "0123456789abcdef0123456789abcdef"
"""As long as LINE's channel secret, the shortest that HS256 takes."""

_KEYS = {"RS256": "rsa", "ES256": "ec256", "ES384": "ec384", "EdDSA": "ed25519"}


@cache
def sample(name: str) -> dict[str, Any]:
    """A preset's token in its provider's own shape (``header``, ``claims``), its ``cases`` and its ``hints``.

    ``asked`` are cases in which the provider is asked about a token: what each endpoint answers, and what comes of it.
    Without a ``token`` it is a JWT of the sample's claims.
    """
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return data


def guide(name: str) -> Path:
    """The page that says how to use a preset."""
    return ROOT / "docs" / "guides" / f"{'own-backend' if name == 'signed-jwt' else name}.md"


@cache
def examples(name: str) -> tuple[str, ...]:
    """The configurations that the guide shows: its whole files, one for each way to use the preset."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", guide(name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return tuple(block for block in blocks if block.startswith("version:"))


def over(below: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """An object with some members changed; null removes one."""
    return {key: value for key, value in {**below, **changes}.items() if value is not None}


def entry_of(name: str, way: int = 0) -> dict[str, Any]:
    """What the guide writes under its provider, in one of its ways."""
    (entry,) = read_yaml(examples(name)[way]).data["providers"].values()
    return dict(entry)


def loaded(name: str, changes: dict[str, Any], identity_method: str = "id", *, way: int = 0) -> tuple[Model, str]:
    """The guide's configuration without its mappings, some of its provider's keys changed; the provider's name."""
    data = read_yaml(examples(name)[way]).data
    ((label, entry),) = data["providers"].items()
    entry.pop("mapping", None)
    data["callback"]["identity_method"] = identity_method
    data = {**over(data, {"mapping": None}), "providers": {label: over(entry, changes)}}
    text = json.dumps(data).replace('{"file": "shop.pem"}', json.dumps(keys.public_pem("ed25519")))
    environment = dict.fromkeys(re.findall(r'"env": "(\w+)"', text), SECRET)
    return load_text(text, file=name, environment=environment).model, label


def model(name: str, settings: dict[str, Any], mapping: dict[str, Any], algorithm: str) -> Model:
    """The guide's provider with nothing but the preset's own mapping and a case's changes.

    A setting of null is removed. Where the provider publishes keys, one of ours stands for them; a secret stays one.
    """
    return _with_our_key(loaded(name, {"mapping": mapping, **settings}), algorithm)


def asked_model(name: str, case: dict[str, Any], issuer: str) -> Model:
    """The guide's provider, in the way that a case is about, asking ``issuer`` wherever the case has an answer."""
    way = case.get("way", 0)
    changes = dict(case.get("settings", {}))
    for endpoint in ENDPOINTS:
        if endpoint in case:
            written = changes.get(endpoint, entry_of(name, way).get(endpoint, {}))
            changes[endpoint] = {**written, "url": f"{issuer}/{endpoint}"}
    return _with_our_key(loaded(name, {"mapping": case.get("mapping", {}), **changes}, way=way), "RS256")


def _with_our_key(configuration: tuple[Model, str], algorithm: str) -> Model:
    made, label = configuration
    trusted = made.providers[label]
    if trusted.issuer and not trusted.secret:
        key = keys.public_pem(_KEYS.get(algorithm, "rsa"))
        trusted = trusted.model_copy(update={"jwks": JwksSettings(), "public_key": (key,)})
    return replace(made, providers={label: trusted})


def token(header: dict[str, Any], claims: dict[str, Any], *, forged: bool = False) -> str:
    """The token, signed as its header says; ``forged`` by somebody else."""
    key = "rsa2" if forged else _KEYS.get(header["alg"], SECRET.encode())
    return mint.sign(header, claims, key)


async def answered(made: Model, text: str, now: float) -> dict[str, Any]:
    """The ``data`` that CX Genie is given for a token.

    Raises:
        BridgeError: What it is refused with.
    """
    async with assemble(made, now=lambda: now) as bridge:
        authenticated = await bridge.authentications["default"].authenticate(AccessToken(text))
    data: dict[str, Any] = json.loads(Responses(made.callbacks[0].settings).success(authenticated.user).body)["data"]
    return data

"""What is special to an identity provider, as data in the operator's own language, laid under what the operator writes.

A preset is a file beside this module that holds what could stand under ``providers: NAME:``. Anything a preset can say,
an operator can say.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bridge.config.yaml_document import read_yaml
from bridge.oidc.hints import Hint, read_hints

DEFAULT = "generic"
"""The preset of a provider that names none."""

OWN_LAYERS = frozenset({"require", "mapping", "claims", "hints"})
"""Keys of a preset that do not stand under the operator's: two are layers of their own, and an operator has no use for
``claims``, the names that this kind of provider is known to have, and ``hints``."""

_SENTENCE = re.compile(r".*?(?:\.(?= |$)|$)", re.MULTILINE)

_FOLDER = files("bridge.config").joinpath("presets")


@cache
def preset_names() -> tuple[str, ...]:
    """Every preset, in alphabetical order."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in _FOLDER.iterdir() if file.name.endswith(".yaml")))


@cache
def preset_text(name: str) -> str:
    """A preset's file as it is shipped, with its comments.

    Args:
        name: One of ``preset_names()``.
    """
    return _FOLDER.joinpath(f"{name}.yaml").read_text("utf-8")


def preset_summary(name: str) -> str:
    """The first sentence of a preset's comment: what it is for."""
    comment = preset_text(name).partition("\n\n")[0].replace("\n# ", " ")
    return _SENTENCE.match(comment.removeprefix("# "))[0].removesuffix(".")  # type: ignore[index]  # it matches any text


@cache
def preset(name: str) -> Mapping[str, Any]:
    """What a preset sets, as plain data: read it, do not change it."""
    data: Mapping[str, Any] = read_yaml(preset_text(name)).data
    return data


@cache
def hints(name: str) -> tuple[Hint, ...]:
    """What a preset says of tokens that are refused, for the operator's log."""
    return read_hints(preset(name).get("hints", ()))


def laid_over(below: Any, above: Any) -> Any:
    """Two layers as one: maps merge key by key, all else is replaced whole (CONFIG.md, "What laying over means")."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{key: laid_over(below[key], value) if key in below else value for key, value in above.items()}}

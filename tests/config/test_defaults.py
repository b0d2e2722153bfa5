"""A default is shown as an operator would write it."""

import pytest
from pydantic import BaseModel

from bridge.config.config_file import ConfigFile
from bridge.config.defaults import plain_type, unit_of, written_default
from bridge.config.entries import CallbackEntry, ProviderEntry
from bridge.config.model import LimitSettings
from bridge.units import DURATION


@pytest.mark.parametrize(
    ("model", "name", "written"),
    [
        (LimitSettings, "body", "64KiB"),
        (LimitSettings, "deadline", "4s"),
        (LimitSettings, "failed_callers", "10/s"),
        (LimitSettings, "in_flight", 512),
        (CallbackEntry, "path", "/"),
        (CallbackEntry, "providers", None),
        (ProviderEntry, "accept", ["access_token"]),
        (ProviderEntry, "audience", None),
        (ProviderEntry, "mapping", None),
        (ProviderEntry, "jwks", None),
        (ConfigFile, "version", None),
    ],
)
def test_a_default_has_its_unit(model: type[BaseModel], name: str, written: object) -> None:
    """Quantities as ``30s`` and ``64KiB``; nothing for what is none, or a section."""
    assert written_default(model, name) == written


def test_a_type_is_bared() -> None:
    """Without ``None`` and annotations, which are kept beside it."""
    field = ProviderEntry.model_fields["leeway"]
    annotation, metadata = plain_type(field.annotation, tuple(field.metadata))
    assert annotation is float
    assert unit_of(metadata) is DURATION
    assert plain_type(ProviderEntry.model_fields["id_prefix"].annotation)[0] is str

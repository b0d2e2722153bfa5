"""``idp-bridge presets``."""

import json
from pathlib import Path

from bridge.config.presets import preset, preset_names, preset_text
from tests.cli.command import invoke


def test_every_preset_is_listed(tmp_path: Path) -> None:
    """Its name, and what it is for in a few words."""
    ran = invoke("presets", cwd=tmp_path)
    assert ran.status == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == list(preset_names())
    assert all(len(line.split()) > 1 and len(line) <= 160 for line in ran.out.splitlines())


def test_one_is_printed_as_it_is_shipped(tmp_path: Path) -> None:
    """With its comments, which name the source of each fact."""
    ran = invoke("presets", "keycloak", cwd=tmp_path)
    assert ran.out == preset_text("keycloak")


def test_json_for_programs(tmp_path: Path) -> None:
    """What each sets, as data."""
    assert json.loads(invoke("presets", "auth0", "--json", cwd=tmp_path).out)["presets"] == {"auth0": preset("auth0")}
    assert list(json.loads(invoke("presets", "--json", cwd=tmp_path).out)["presets"]) == list(preset_names())


def test_one_that_is_not_there(tmp_path: Path) -> None:
    """With the nearest that is."""
    ran = invoke("presets", "keyclok", cwd=tmp_path)
    assert (ran.status, ran.err) == (2, "idp-bridge: There is no preset keyclok. Did you mean keycloak?\n")
    far = invoke("presets", "x", "--json", cwd=tmp_path)
    assert json.loads(far.out) == {"ok": False, "error": "There is no preset x. `idp-bridge presets` lists them."}

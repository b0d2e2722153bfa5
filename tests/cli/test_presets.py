"""``idp-bridge presets``."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.config.presets import preset, preset_names, preset_text
from bridge.config.yaml_document import read_yaml
from tests.cli.command import invoke
from tests.presets.samples import examples


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


@pytest.mark.parametrize("name", preset_names())
def test_40_a_preset_is_where_to_start_from(name: str, tmp_path: Path) -> None:
    """Printed as it is shipped; the effective file shows each line of it, until the operator writes his own."""
    assert invoke("presets", name, cwd=tmp_path).out == preset_text(name)
    written = read_yaml(examples(name)[0]).data
    (provider,) = written["providers"].values()
    lines = {str(key) for key, value in preset(name).items() if value != {}}
    expected = lines - set(provider) - {"claims", "hints", "require", "mapping"}
    before = effective(tmp_path, written)
    assert {path[0] for path, origin in before.items() if origin == f"preset {name}"} >= expected | {"mapping"}
    provider["leeway"] = "7s"
    provider.setdefault("mapping", {})["name"] = {"value": "Somebody"}
    after = effective(tmp_path, written)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {("leeway",), ("mapping", "name")}
    assert all(after[path].startswith("bridge.yaml:") for path in changed)


def effective(folder: Path, written: dict[str, Any]) -> dict[tuple[str, ...], str]:
    """Where each line of the only provider is from, by its path below the provider."""
    (folder / "bridge.yaml").write_text(json.dumps(written))
    ran = invoke("config", "show", "--resolved", "--json", "--config", "bridge.yaml", cwd=folder)
    assert ran.status == 0, ran.out + ran.err
    origins = json.loads(ran.out)["origins"]
    return {tuple(each["path"][2:]): each["from"] for each in origins if each["path"][0] == "providers"}

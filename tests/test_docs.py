"""Documentation fails the build when it lies: every key with its default, code, command, option, preset, YAML block."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import typer.main
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bridge.cli.main import app
from bridge.config.case_file import read_cases
from bridge.config.cases import differences, run_case
from bridge.config.config_file import ConfigFile
from bridge.config.load import load, load_text
from bridge.config.presets import laid_over, preset_names
from bridge.config.yaml_document import read_yaml
from bridge.contract.response import STATUS
from bridge.mapping.condition import OPERATORS
from bridge.mapping.mapping import TARGETS
from bridge.oidc.jwt import CHECKS
from bridge.server.counts import CALLER, FAILED, GUEST, IDENTIFIED, REFUSED
from bridge.server.metrics import Live, Metrics
from tests.server.service import StandInBridge

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]
EXAMPLES = [file for file in sorted((ROOT / "config").rglob("*.yaml")) if not file.name.endswith(".tests.yaml")]

SMALLEST: Mapping[str, Any] = {
    "version": 1,
    "callback": {"header_token": {"env": "CXGENIE_HEADER_TOKEN"}},
    "providers": {"shop": {"issuer": "https://login.shop.example", "audience": "chat"}},
}
"""What a YAML block that is not a whole file is laid over."""


def page(name: str) -> str:
    """A page of the documentation."""
    return (DOCS / name).read_text("utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row whose first cell is one code span."""
    for line in text.splitlines():
        if re.match(r"\| `[^`]+` \|", line):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def code(cell: str) -> str:
    """What a cell has as code; empty where it has none."""
    found = re.fullmatch(r"`([^`]*)`", cell)
    return found[1] if found else ""


SECRETS = "/run/secrets/idp-bridge"
"""Where a pod has its secrets, which a test has in a folder of its own."""


# -- YAML blocks ------------------------------------------------------------------------------------------------------


def yaml_blocks() -> Iterator[Any]:
    """Every YAML block of every page."""
    for file in PAGES:
        blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", file.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for number, block in enumerate(blocks):
            yield pytest.param(block, id=f"{file.relative_to(ROOT)}-{number}")


def environment_of(text: str) -> dict[str, str]:
    """A good value, each another, for every variable that a file names."""
    values = {name: f"{name}-Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr4" for name in re.findall(r"env: (\w+)", text)}
    return {**values, "VALKEY_URL": "valkeys://:password@cache.internal:6379/0"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that examples name."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    for name in ("shop.pem", "new.pem"):
        (tmp_path / name).write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "header-token").write_text("Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7\n")
    return tmp_path


@pytest.mark.parametrize("block", list(yaml_blocks()))
def test_every_yaml_block_loads(block: str, folder: Path) -> None:
    """A whole file as it is; anything else laid over the smallest file. Neither draws a warning. Test cases hold."""
    environment = {**environment_of(block), "CXGENIE_HEADER_TOKEN": "Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7", "PORT": "8080"}
    block = block.replace(SECRETS, str(folder))
    if isinstance(read_yaml(block).data, list):
        model = load_text(json.dumps(SMALLEST), file="a page", environment=environment).model
        cases = read_cases(block, file="a page", model=model)
        assert [case.name for case in cases if differences(case.expect, run_case(case).answer)] == []
        return
    if "version:" not in block:
        block = json.dumps(laid_over(SMALLEST, read_yaml(block).data))
    loaded = load_text(block, file="a page", environment=environment, base=folder)
    assert loaded.warnings == ()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_example_loads(file: Path) -> None:
    """The shipped files are good as they are."""
    assert load(file, environment=environment_of(file.read_text("utf-8"))).warnings == ()


# -- Settings ---------------------------------------------------------------------------------------------------------

Key = tuple[type[BaseModel], str]


def settings(model: type[BaseModel] = ConfigFile, path: str = "") -> Iterator[tuple[str, Key]]:
    """Every key that can be written, as the reference writes it, with the model and the field that it is."""
    for name, field in model.model_fields.items():
        key = path + name
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if _is_model(each)]
        if key != "callback":  # short for an entry of callbacks
            named = get_origin(field.annotation) is dict
            for each in inner:
                yield from settings(each, f"{key}.NAME." if named else f"{key}.")
        yield key, (model, name)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


SETTINGS = dict(settings())


def test_the_reference_has_every_key_and_no_other() -> None:
    """``docs/reference/configuration.md`` has a row for each key of the file."""
    documented = [code(cells[0]) for cells in rows(page("reference/configuration.md"))]
    assert sorted(documented) == sorted(SETTINGS)


def test_the_reference_has_the_defaults() -> None:
    """Each default, read as an operator's text, is what the code takes; a dash is nothing, or a section."""
    wrong = {}
    for key, default, *_ in rows(page("reference/configuration.md")):
        if code(key) not in SETTINGS:
            continue
        model, name = SETTINGS[code(key)]
        field = model.model_fields[name]
        actual = model.model_construct().__dict__.get(name, PydanticUndefined)
        if default == "-":
            if actual not in (None, (), {}, PydanticUndefined) and not _is_model(field.annotation):
                wrong[code(key)] = actual
        else:
            written = model.model_validate({name: read_yaml(f"it: {code(default)}").data["it"]})
            if getattr(written, name) != actual:
                wrong[code(key)] = actual
    assert not wrong


def test_every_preset_is_in_the_reference() -> None:
    """Each preset has a row."""
    documented = re.findall(r"^\| \[`([^`]+)`\]", page("reference/presets.md"), re.MULTILINE)
    assert documented == list(preset_names())


# -- Codes, checks, mapping, commands ---------------------------------------------------------------------------------


def test_every_failure_code_is_in_the_reference() -> None:
    """``docs/reference/errors.md`` has a row for each code, with its HTTP status."""
    documented = {code(cells[0]): cells[1] for cells in rows(page("reference/errors.md"))}
    assert documented == {name: str(status) for name, status in STATUS.items()}


def test_the_claim_checks_are_explained_in_their_order() -> None:
    """``docs/concepts/trust.md`` has a row for each check, as the code makes them."""
    explained = re.findall(r"^\| \*\*(.+?)\*\* \|", page("concepts/trust.md"), re.MULTILINE)
    assert explained == [name for name, _ in CHECKS]


def test_the_mapping_language_is_in_the_reference() -> None:
    """``docs/reference/mapping.md`` has each target and each operator of a condition."""
    text = page("reference/mapping.md")
    documented = {code(cells[0]) for cells in rows(text)}
    assert set(TARGETS) <= documented
    assert [operator for operator in OPERATORS if f", {operator}: " not in text] == []


def commands() -> dict[str, set[str]]:
    """The long options of every command of the command line; of a group, of what is in it."""
    found = {}
    for name, command in typer.main.get_group(app).commands.items():
        for inner, one in getattr(command, "commands", {"": command}).items():
            options = {option for parameter in one.params for option in parameter.opts if option.startswith("--")}
            found[f"{name} {inner}".strip()] = options
    return found


def test_every_command_and_option_is_in_the_reference() -> None:
    """``docs/reference/cli.md`` has a section for each command, with a row for each of its options."""
    sections = re.split(r"^## idp-bridge ([\w-]+(?: \w+)?).*\n", page("reference/cli.md"), flags=re.MULTILINE)
    documented = {
        name: set(re.findall(r"`(--[\w-]+)", "".join(re.findall(r"^\| `.*?\|", section, re.MULTILINE))))
        for name, section in zip(sections[1::2], sections[2::2], strict=True)
    }
    assert documented == commands()


def events() -> set[str]:
    """Every event that the code names: to the event log itself, by ``logging`` as ``extra``, or as a ``Remark``."""
    found = set()
    for file in sorted((ROOT / "bridge").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="write"), args=[_, ast.Constant(value=str(name)), *_]):
                    found.add(name)
                case ast.Call(func=ast.Name(id="Remark"), args=[ast.Constant(value=str(name)), *_]):
                    found.add(name)
                case ast.Dict(keys=keys, values=values):
                    found |= {
                        str(value.value)
                        for key, value in zip(keys, values, strict=True)
                        if isinstance(key, ast.Constant) and key.value == "event" and isinstance(value, ast.Constant)
                    }
                case ast.Assign(targets=[ast.Name(id="EVENT" | "event")], value=ast.Constant(value=str(name))):
                    found.add(name)
    return found


def test_every_event_is_in_the_reference() -> None:
    """``docs/reference/events.md`` has a row for each event of the log, and for no other."""
    table = page("reference/events.md").partition("## A callback's line")[0]
    assert sorted(code(cells[0]) for cells in rows(table)) == sorted(events())


def families() -> dict[str, tuple[str, str]]:
    """Type and labels of every metric, by the name that Prometheus sees."""
    metrics = Metrics()
    metrics.live = Live(
        bridge=StandInBridge, configuration=str, ready=bool, in_flight=int, connections=int, lost_log_lines=int,
        lost_audit_lines=int,
    )  # fmt: skip
    found = {}
    for family in metrics.registry.collect():
        labels = family.samples[0].labels if family.type == "info" else getattr(family, "_labelnames", ())
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        kind = "gauge" if family.type == "info" else family.type
        found[family.name + suffix] = (kind, " ".join(f"`{label}`" for label in labels))
    return found


def test_every_metric_is_in_the_reference() -> None:
    """``docs/reference/metrics.md`` has a row for each metric with its type and labels, and for no other."""
    documented = {code(cells[0]): (cells[1], cells[2]) for cells in rows(page("reference/metrics.md"))}
    assert documented == families()


@pytest.mark.parametrize("name", ["alerts.yaml", "dashboard.json"])
def test_dashboard_and_alerts_name_metrics_that_are_there(name: str) -> None:
    """Each metric in an expression is one of ours, each outcome and code in one that can be; every alert has a cure."""
    text = (ROOT / "charts" / "idp-bridge" / "files" / name).read_text("utf-8")
    named = set(re.findall(r"\b(?:idp_bridge|process)_[a-z_]+\b(?!:)", text))
    known = {each for name in families() for each in (name, f"{name}_bucket", f"{name}_count", f"{name}_sum")}
    assert len(named) >= 8
    assert named - known == set()
    outcomes = {outcome for said in re.findall(r'outcome=~?\\?"([a-z|]+)', text) for outcome in said.split("|")}
    assert outcomes <= {IDENTIFIED, GUEST, REFUSED, CALLER, FAILED}
    assert set(re.findall(r'code=\\?"([a-z_]+)', text)) <= set(STATUS)
    alerts = re.findall(r"- alert: (\w+)", text)
    assert [alert for alert in alerts if f"`{alert}`" not in page("guides/monitoring.md")] == []


def test_the_systemd_unit_runs_what_there_is() -> None:
    """Its command line has known options only; ``systemd-analyze verify`` and ``security`` were run on the rest."""
    unit = page("guides/idp-bridge@.service")
    [line] = re.findall(r"^ExecStart=\S+/idp-bridge (\w+) (.*)$", unit, re.MULTILINE)
    assert set(re.findall(r"--[\w-]+", line[1])) <= commands()[line[0]]


def test_every_guarantee_names_tests_that_are_there() -> None:
    """Each row of ``SECURITY.md``'s guarantees names files of this repository."""
    guarantees = (ROOT / "SECURITY.md").read_text("utf-8").split("## What is guaranteed")[1].split("\n## ")[0]
    shown_by = [
        re.findall(r"`((?:tests|benchmarks)/[^`]+)`", row)
        for row in re.findall(r"^\| [A-Z].*", guarantees, re.MULTILINE)
    ]
    assert shown_by
    assert all(shown_by)
    assert [file for files in shown_by for file in files if not (ROOT / file).is_file()] == []


def test_every_link_leads_somewhere() -> None:
    """Links between pages name files that are there."""
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in PAGES
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", file.read_text("utf-8"))
        if not (file.parent / target).exists()
    ]
    assert broken == []

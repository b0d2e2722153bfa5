"""Helm 3 and Helm 4 render the chart, and what they render is what Kubernetes takes."""

import json
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, FEATURES, MINIMAL, MINORS, Refused, judged, only, rendered
from tests.deploy.chart_readme import README, rows
from tests.deploy.chart_readme import fresh as fresh_readme
from tests.deploy.parts import clients
from tests.deploy.values_schema import VALUES_SCHEMA, fresh

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]  # the first run downloads Helm

_FOREIGN = {"HTTPRoute", "ScaledObject", "ServiceMonitor", "PrometheusRule"}
"""Kinds whose schemas are CRDs: a real API server judges them in test_cluster."""


_OPERATORS = {"beside", "before"}
"""Containers that ci/extras-values.yaml adds: what they may is the operator's to say."""


@pytest.mark.parametrize("generation", ["3", "4"])
@pytest.mark.parametrize("values", FEATURES, ids=lambda path: path.stem)
def test_each_feature_passes_the_strict_lint(values: Path, generation: str) -> None:
    """With no warning either."""
    command: list[str | Path] = [clients(generation).helm, "lint", "--strict", CHART, "--values", values]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", FEATURES, ids=lambda path: path.stem)
def test_each_object_is_what_three_versions_of_kubernetes_know(values: Path) -> None:
    """By the schemas that each version publishes, with no unknown member."""
    objects = rendered(values)
    assert {"Deployment", "Service"} <= {each["kind"] for each in objects}
    for each in objects:
        if each["kind"] not in _FOREIGN:
            judged(each, *MINORS)


@pytest.mark.parametrize("values", FEATURES, ids=lambda path: path.stem)
def test_both_generations_render_the_same(values: Path) -> None:
    """Whoever moves from Helm 3 to Helm 4 sees no change."""
    assert _by_name(rendered(values, generation="3")) == _by_name(rendered(values, generation="4"))


def _by_name(objects: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1035, which a Service's name must be


@pytest.mark.parametrize("release", ["y", "1e3", "no", "null", "0x1f", "shop.chat", "9.9", "a" * 53, "1" * 53])
def test_any_release_name_makes_texts_and_names_that_fit(release: str) -> None:
    """YAML would read some as something else than text; a Service's name has no dots and begins with a letter."""
    objects = rendered(CHART / "ci/extras-values.yaml", release=release)
    assert objects
    for each in objects:
        judged(each)
        assert len(each["metadata"]["name"]) <= 63
        assert all(isinstance(value, str) for value in each["metadata"].get("labels", {}).values())
    services = [each["metadata"]["name"] for each in objects if each["kind"] == "Service"]
    assert len(services) == 2
    assert [name for name in services if not _LABEL.fullmatch(name)] == []


def test_the_longest_name_still_makes_labels() -> None:
    """63 characters, with what is added for the pods of hooks."""
    objects = rendered(CHART / "ci/mapping-tests-values.yaml", changes={"nameOverride": "n" * 70})
    pods = [only(objects, "Pod"), *(only(objects, kind)["spec"]["template"] for kind in ("Deployment", "Job"))]
    labels = [each["metadata"]["labels"] for each in (*objects, *pods)]
    assert max(len(value) for each in labels for value in each.values()) == 63


def test_every_object_is_quoted_labelled_and_in_the_namespace() -> None:
    """What policies and cost reports ask of every object."""
    objects = rendered(MINIMAL, changes={"namespaceOverride": "other", "commonLabels": {"team": "1e3"}})
    assert {each["metadata"]["namespace"] for each in objects} == {"other"}
    assert {each["metadata"]["labels"]["team"] for each in objects} == {"1e3"}


def test_a_structured_configuration_keeps_its_numbers() -> None:
    """Helm holds numbers as floats; 1000000 must not become 1e+06."""
    objects = rendered(CHART / "ci/structured-values.yaml")
    text = only(objects, "ConfigMap")["data"]["bridge.yaml"]
    assert "1000000" in text
    assert yaml.safe_load(text)["cache"] == {"max_entries": 1000000}


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("audience", False, "audience"),  # `no` before Helm read it
        ("issuer", 7, "issuer"),
        ("emial", "x", "emial"),
    ],
)
def test_a_structured_configuration_is_judged_by_the_configurations_own_schema(
    member: str, value: Any, named: str
) -> None:
    """Before anything is applied, and also where Helm has changed what was written."""
    good = yaml.safe_load((CHART / "ci/structured-values.yaml").read_text())
    assert rendered(changes=good)
    good["config"]["providers"]["keycloak"][member] = value
    with pytest.raises(Refused, match=named):
        rendered(changes=good)


@pytest.mark.parametrize("first", ["", "    # a line that is indented more than the next\n", "\n\n"])
def test_a_text_block_is_taken_as_it_stands(first: str) -> None:
    """Nothing of it is read before our loader reads it."""
    given = f"{first}version: 1\n# +84 and no stay\nx: 'no'\ny: +84901234567\n"
    objects = rendered(changes={"config": given, "headerToken": {"existingSecret": "s"}})
    assert only(objects, "ConfigMap")["data"]["bridge.yaml"].rstrip("\n") == given.rstrip("\n")


@pytest.mark.parametrize("values", FEATURES, ids=lambda path: path.stem)
def test_a_pod_has_no_rights_that_it_does_not_need(values: Path) -> None:
    """O17: no service account's token, no root, no writable file system, no capability; in each of the pods."""
    objects = rendered(values)
    pods = [each["spec"]["template"] for each in objects if each["kind"] in {"Deployment", "Job"}]
    assert pods
    for pod in (*pods, *(each for each in objects if each["kind"] == "Pod")):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]) == (True, 65532)
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        ours = [one for one in (*spec["containers"], *spec.get("initContainers", ())) if one["name"] not in _OPERATORS]
        assert ours
        for container in ours:
            context = container["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert context["capabilities"] == {"drop": ["ALL"]}


def test_each_configuration_is_a_config_map_of_its_own_with_rollout() -> None:
    """So old pods keep theirs, and a rollback brings the old one back."""
    before = rendered(MINIMAL)
    after = rendered(MINIMAL, changes={"mappingTests": "- name: none\n"})
    names = [only(objects, "ConfigMap")["metadata"]["name"] for objects in (before, after)]
    assert names[0] != names[1]
    for objects, name in zip((before, after), names, strict=True):
        volumes = only(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
        assert volumes[0]["configMap"]["name"] == name
        assert only(objects, "ConfigMap")["immutable"] is True


def test_one_config_map_with_live() -> None:
    """Its name never changes, so that running pods see its new content."""
    names = {
        only(rendered(CHART / "ci/live-values.yaml", changes=changes), "ConfigMap")["metadata"]["name"]
        for changes in ({}, {"mappingTests": "- name: none\n"})
    }
    assert names == {"chat-idp-bridge"}


def test_a_live_pod_starts_with_the_last_good_file_and_no_check_stands_before_it() -> None:
    """A check would keep a pod from starting that the last good file lets serve."""
    for feature, live in (("live", True), ("minimal", False)):
        pod = only(rendered(CHART / f"ci/{feature}-values.yaml"), "Deployment")["spec"]["template"]["spec"]
        assert ("--last-good" in pod["containers"][0]["args"]) is live
        assert ("initContainers" in pod) is not live


def test_the_private_port_is_on_no_route_from_outside() -> None:
    """Neither by Ingress, nor by HTTPRoute, nor by the public Service."""
    for feature in ("ingress", "httproute", "extras"):
        text = json.dumps(
            [each for each in rendered(CHART / f"ci/{feature}-values.yaml") if each["kind"] in {"Ingress", "HTTPRoute"}]
        )
        assert "9090" not in text
        assert "admin" not in text
    service = only(rendered(CHART / "ci/extras-values.yaml"), "Service", "idp-bridge")
    assert [port["name"] for port in service["spec"]["ports"]] == ["http"]


def test_only_the_bridges_own_pods_are_behind_the_service() -> None:
    """Pods of hooks have another name; where callers are restricted, the test's pod is one of them."""
    objects = rendered(CHART / "ci/mapping-tests-values.yaml", CHART / "ci/network-policy-values.yaml")
    selector = only(objects, "Service", "idp-bridge")["spec"]["selector"].items()
    assert selector <= only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    hooks = [only(objects, "Pod"), only(objects, "Job")["spec"]["template"]]
    assert [each for each in hooks if selector <= each["metadata"]["labels"].items()] == []
    callers = only(objects, "NetworkPolicy")["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": only(objects, "Pod")["metadata"]["labels"]}} in callers


def test_the_configurations_part_of_the_schema_is_fresh() -> None:
    """A new setting is known to the chart."""
    assert VALUES_SCHEMA.read_text() == fresh(), "run: python -m tests.deploy.values_schema"


def test_alerts_and_dashboard_are_installed_as_they_stand() -> None:
    """Prometheus' own templates in them are left alone."""
    objects = rendered(CHART / "ci/monitoring-values.yaml")
    alerts = yaml.safe_load((CHART / "files/alerts.yaml").read_text())
    assert alerts["groups"]
    assert only(objects, "PrometheusRule")["spec"] == alerts
    dashboard = json.loads((CHART / "files/dashboard.json").read_text())
    assert dashboard["panels"]
    assert json.loads(only(objects, "ConfigMap", "-dashboard")["data"]["idp-bridge.json"]) == dashboard


def test_the_readme_has_every_value_and_is_fresh() -> None:
    """Made from the comments of values.yaml, where every value has one."""
    assert README.read_text() == fresh_readme(), "run: python -m tests.deploy.chart_readme"
    named = {name.split(".")[0] for name, _, _ in rows()}
    assert named == set(yaml.safe_load((CHART / "values.yaml").read_text()))


_VALUES_IN_GUIDES = [
    pytest.param(block, id=f"{file.stem}-{number}")
    for file in sorted((CHART.parents[1] / "docs/guides").glob("*.md"))
    for number, block in enumerate(re.findall(r"^ *```yml\n(.*?)^ *```", file.read_text(), re.MULTILINE | re.DOTALL))
    if not block.startswith("http:")  # Traefik's own
]


@pytest.mark.parametrize("block", _VALUES_IN_GUIDES)
def test_the_values_in_guides_are_taken(block: str) -> None:
    """Each laid over the smallest values, and what comes of it judged by Kubernetes' schemas."""
    objects = rendered(MINIMAL, changes=yaml.safe_load(textwrap.dedent(block)))
    known = [each for each in objects if not each["apiVersion"].startswith("gateway.") and each["kind"] not in _FOREIGN]
    assert known
    for each in known:
        judged(each)


def test_every_value_is_in_the_schema_and_every_key_of_the_schema_has_a_value() -> None:
    """What can be set is in values.yaml, and nothing else is."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads(VALUES_SCHEMA.read_text())
    assert set(values) == set(schema["properties"])
    closed = {
        name: set(below["properties"])
        for name, below in schema["properties"].items()
        if below.get("additionalProperties") is False and isinstance(values[name], dict)
    }
    assert closed
    assert {name: set(values[name]) for name in closed} == closed

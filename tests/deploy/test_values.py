"""Wrong values are refused before anything is applied, with the key that is wrong."""

from typing import Any

import pytest

from tests.deploy.chart import CHART, MINIMAL, Refused, rendered

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]  # the first run downloads Helm

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("an unknown key", {"replicas": 2}, "replicas"),
    ("an unknown key below", {"image": {"name": "x"}}, "name"),
    ("a number as text", {"replicaCount": "two"}, "replicaCount"),
    ("a fraction", {"replicaCount": 1.5}, "replicaCount"),
    ("a negative number", {"replicaCount": -1}, "replicaCount"),
    ("true as text", {"enabled": "yes"}, "enabled"),
    ("a list for a map", {"image": ["x"]}, "image"),
    ("no image", {"image": {"repository": ""}}, "repository"),
    ("half a digest", {"image": {"digest": "sha256:12"}}, "digest"),
    ("an unknown pull policy", {"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    ("pull secrets as names", {"imagePullSecrets": ["registry"]}, "imagePullSecrets"),
    ("a number for a configuration", {"config": 7}, "config"),
    ("an unknown way of reloading", {"configReload": "hot"}, "configReload"),
    ("a header token of five characters", {"headerToken": {"existingSecret": "", "value": "short"}}, "headerToken"),
    ("a header token with a blank", {"headerToken": {"existingSecret": "", "value": "a b" * 9}}, "headerToken"),
    ("no header token", {"headerToken": {"existingSecret": ""}}, "headerToken"),
    ("both header tokens", {"headerToken": {"value": "wq7Vt2-a-header-token-for-a-trial"}}, "headerToken"),
    ("a key that no Secret has", {"headerToken": {"key": "a/b"}}, "key"),
    ("a secret file without a key", {"secretFiles": {"sso": {"existingSecret": "sso"}}}, "secretFiles"),
    ("a secret file with a path", {"secretFiles": {"../x": {"existingSecret": "s", "key": "k"}}}, r"\.\./x"),
    ("the header token's file", {"secretFiles": {"header-token": {"existingSecret": "s", "key": "k"}}}, "header-token"),
    ("two authorities", {"caBundle": {"existingConfigMap": "a", "existingSecret": "b"}}, "caBundle"),
    ("a size that is none", {"state": {"sizeLimit": "16 MB"}}, "sizeLimit"),
    ("a strategy that is none", {"strategy": {"type": "Canary"}}, "strategy"),
    ("no time to stop", {"terminationGracePeriodSeconds": 0}, "terminationGracePeriodSeconds"),
    ("a farewell longer than life", {"preStopSleepSeconds": 60}, "preStopSleepSeconds"),
    ("resources as text", {"resources": {"limits": "1Gi"}}, "limits"),
    ("an unknown part of resources", {"resources": {"limit": {}}}, "limit"),
    ("a label that is a map", {"commonLabels": {"a": {"b": "c"}}}, "commonLabels"),
    ("a variable without a name", {"extraEnv": [{"value": "x"}]}, "extraEnv"),
    ("a variable that is a number", {"extraEnv": [{"name": "X", "value": 1}]}, "extraEnv"),
    ("variables as a map", {"extraEnv": {"X": "1"}}, "extraEnv"),
    ("a mount without a path", {"extraVolumeMounts": [{"name": "x"}]}, "extraVolumeMounts"),
    ("an argument that is a number", {"extraArgs": [8080]}, "extraArgs"),
    ("a service of no type", {"service": {"type": "Public"}}, "type"),
    ("a port beyond all", {"service": {"port": 70000}}, "port"),
    ("a port as text", {"service": {"port": "80"}}, "port"),
    ("an IP family that is none", {"service": {"ipFamilies": ["IPv5"]}}, "ipFamilies"),
    ("an Ingress without a host", {"ingress": {"enabled": True}}, "ingress.hosts"),
    ("a path without a slash", {"ingress": {"enabled": True, "hosts": [{"host": "a", "paths": ["x"]}]}}, "paths"),
    ("a route without a gateway", {"httpRoute": {"enabled": True}}, "parentRefs"),
    ("a gateway without a name", {"httpRoute": {"enabled": True, "parentRefs": [{}]}}, "parentRefs"),
    ("two autoscalers", {"autoscaling": {"enabled": True}, "keda": {"enabled": True}}, "keda"),
    ("no pods beside an autoscaler", {"replicaCount": 0, "autoscaling": {"enabled": True}}, "replicaCount"),
    ("more at least than most", {"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}, "minReplicas"),
    ("a share above all", {"autoscaling": {"targetCPUUtilizationPercentage": 150}}, "targetCPUUtilizationPercentage"),
    ("KEDA without triggers", {"keda": {"enabled": True}}, "triggers"),
    ("a budget of none", {"podDisruptionBudget": {"maxUnavailable": 0}}, "maxUnavailable"),
    ("a share of none", {"podDisruptionBudget": {"maxUnavailable": "0%"}}, "maxUnavailable"),
    ("a share of more than all", {"podDisruptionBudget": {"maxUnavailable": "101%"}}, "maxUnavailable"),
    ("no way out", {"networkPolicy": {"egressPorts": []}}, "egressPorts"),
    ("a time without a unit", {"metrics": {"serviceMonitor": {"interval": "30"}}}, "interval"),
    ("a test path without a slash", {"tests": {"path": "chat"}}, "path"),
    ("a name with capitals", {"fullnameOverride": "Chat"}, "fullnameOverride"),
    ("a name that begins with a digit", {"fullnameOverride": "1chat"}, "fullnameOverride"),
    ("a host to listen on that is a URL", {"listenHost": "http://0.0.0.0"}, "listenHost"),
]  # fmt: skip


def test_the_table_is_long_enough_and_its_twin_is_taken() -> None:
    """All rows change these values, which are good."""
    assert len(WRONG) >= 40
    assert rendered(MINIMAL)


@pytest.mark.parametrize("generation", ["3", "4"])
@pytest.mark.parametrize(("changes", "named"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_value_is_refused_by_name(changes: dict[str, Any], named: str, generation: str) -> None:
    """By both generations of Helm."""
    with pytest.raises(Refused, match=named):
        rendered(MINIMAL, changes=changes, generation=generation)


@pytest.mark.parametrize(
    ("config", "said"),
    [("", "config: missing"), ("bridge.yaml", "no `version:` in it")],
)
def test_no_configuration_is_refused_with_the_cure(config: str, said: str) -> None:
    """The file's name in place of its text is the likeliest slip."""
    with pytest.raises(Refused, match=said):
        rendered(changes={"config": config, "headerToken": {"existingSecret": "s"}})


def test_two_configurations_are_refused() -> None:
    """Which one would count?"""
    with pytest.raises(Refused, match="both given"):
        rendered(MINIMAL, changes={"existingConfigMap": {"name": "other"}})


@pytest.mark.parametrize("more", [{"mappingTests": "- name: none\n"}, {"preUpgradeCheck": {"enabled": True}}])
def test_what_would_not_be_looked_at_is_refused(more: dict[str, Any]) -> None:
    """Beside a ConfigMap of somebody's own there is no place for test cases, and no copy to check."""
    own = CHART / "ci/existing-configmap-values.yaml"
    assert rendered(own)
    with pytest.raises(Refused, match=f"{next(iter(more))}.* existingConfigMap.name"):
        rendered(own, changes=more)

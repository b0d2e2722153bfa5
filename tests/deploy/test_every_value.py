"""No value of the chart is without effect: each is changed once, and what is said is found in what Helm renders."""

import json
from typing import Any

import pytest

from tests.deploy.chart import CHART, MINIMAL, Refused, only, rendered
from tests.deploy.chart_readme import rows

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]  # the first run downloads Helm

_DIGEST = "sha256:" + "5" * 64
_FILE = "version: 1\n# changed-here\n"
_ROUTE = {"enabled": True, "parentRefs": [{"name": "public"}]}
_INGRESS = {"enabled": True, "hosts": [{"host": "chat.example"}]}
_KEDA = {"enabled": True, "triggers": [{"type": "cpu"}]}

CHANGED: dict[str, tuple[Any, str]] = {
    "global": ({"imageRegistry": "changed-here"}, "changed-here/cxgenie"),
    "nameOverride": ("changed-here", "chat-changed-here"),
    "fullnameOverride": ("changed-here", "changed-here-admin"),
    "namespaceOverride": ("changed-here", '"namespace": "changed-here"'),
    "commonLabels": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "commonAnnotations": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "image.registry": ("changed-here", "changed-here/cxgenie"),
    "image.repository": ("changed-here", "ghcr.io/changed-here:"),
    "image.tag": ("changed-here", "idp-bridge:changed-here"),
    "image.digest": (_DIGEST, f"idp-bridge@{_DIGEST}"),
    "image.pullPolicy": ("Always", '"imagePullPolicy": "Always"'),
    "imagePullSecrets": ([{"name": "changed-here"}], '"imagePullSecrets": [{"name": "changed-here"}]'),
    "config": (_FILE, "changed-here"),
    "existingConfigMap.name": ({"existingConfigMap": {"name": "changed-here"}, "config": ""}, '"name": "changed-here"'),
    "existingConfigMap.key": (
        {"existingConfigMap": {"name": "x", "key": "changed-here"}, "config": ""},
        '"key": "changed-here"',
    ),
    "configReload": ("live", "--last-good"),
    "keepOldConfigs": (False, ""),
    "mappingTests": ("# changed-here\n", "changed-here"),
    "headerToken.existingSecret": ("changed-here", '"name": "changed-here"'),
    "headerToken.key": ("changed-here", '"key": "changed-here"'),
    "headerToken.value": (
        {"headerToken": {"existingSecret": "", "value": "wq7Vt2-a-header-token-for-a-trial"}},
        "d3E3VnQyLWEtaGVhZGVyLXRva2VuLWZvci1hLXRyaWFs",
    ),
    "secretFiles": ({"sso": {"existingSecret": "changed-here", "key": "k"}}, '"name": "changed-here"'),
    "caBundle.existingConfigMap": ("changed-here", '"name": "changed-here"'),
    "caBundle.existingSecret": ("changed-here", '"secretName": "changed-here"'),
    "caBundle.key": ({"caBundle": {"existingSecret": "ca", "key": "changed-here"}}, '"key": "changed-here"'),
    "valkey.existingSecret": ("changed-here", '"name": "changed-here"'),
    "valkey.key": ({"valkey": {"existingSecret": "valkey", "key": "changed-here"}}, '"key": "changed-here"'),
    "state.enabled": (False, ""),
    "state.existingClaim": ("changed-here", '"claimName": "changed-here"'),
    "state.sizeLimit": ("71Mi", '"sizeLimit": "71Mi"'),
    "listenHost": ("::", '"--host", "::", "--port", "8080", "--admin-host", "::"'),
    "replicaCount": (7, '"replicas": 7'),
    "strategy": ({"type": "Recreate"}, '"strategy": {"type": "Recreate"}'),
    "revisionHistoryLimit": (7, '"revisionHistoryLimit": 7'),
    "terminationGracePeriodSeconds": (77, '"terminationGracePeriodSeconds": 77'),
    "preStopSleepSeconds": (7, '"preStop": {"sleep": {"seconds": 7}}'),
    "resources": ({"limits": {"memory": "771Mi"}}, '"memory": "771Mi"'),
    "checkResources": ({"limits": {"memory": "771Mi"}}, '"memory": "771Mi"'),
    "podSecurityContext": ({"runAsUser": 71234}, '"runAsUser": 71234'),
    "securityContext": ({"runAsUser": 71234}, '"runAsUser": 71234'),
    "podLabels": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "podAnnotations": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "nodeSelector": ({"team": "changed-here"}, '"nodeSelector": {"team": "changed-here"}'),
    "tolerations": ([{"key": "changed-here"}], '"tolerations": [{"key": "changed-here"}]'),
    "affinity": ({"nodeAffinity": {"changed": "here"}}, '"affinity": {"nodeAffinity": {"changed": "here"}}'),
    "topologySpreadConstraints": ([{"topologyKey": "changed-here"}], '[{"topologyKey": "changed-here"}]'),
    "priorityClassName": ("changed-here", '"priorityClassName": "changed-here"'),
    "runtimeClassName": ("changed-here", '"runtimeClassName": "changed-here"'),
    "dnsConfig": ({"searches": ["changed.here"]}, '"dnsConfig": {"searches": ["changed.here"]}'),
    "hostAliases": ([{"ip": "192.0.2.7"}], '"hostAliases": [{"ip": "192.0.2.7"}]'),
    "extraEnv": ([{"name": "X", "value": "{{ .Release.Name }}-changed"}], '"value": "chat-changed"'),
    "extraEnvFrom": ([{"secretRef": {"name": "changed-here"}}], '"envFrom": [{"secretRef": {"name": "changed-here"}}]'),
    "extraVolumes": ([{"name": "changed-here"}], '{"name": "changed-here"}'),
    "extraVolumeMounts": ([{"name": "changed-here", "mountPath": "/x"}], '"name": "changed-here"'),
    "extraContainers": ([{"name": "changed-here"}], '{"name": "changed-here"}'),
    "extraInitContainers": ([{"name": "changed-here"}], '{"name": "changed-here"}'),
    "extraArgs": (["--{{ .Release.Name }}"], '"--chat"'),
    "extraObjects": (
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-changed"}}],
        '"name": "chat-changed"',
    ),
    "check.enabled": (False, ""),
    "preUpgradeCheck.enabled": (True, '"kind": "Job"'),
    "serviceAccount.create": (False, '"serviceAccountName": "default"'),
    "serviceAccount.name": ("changed-here", '"serviceAccountName": "changed-here"'),
    "serviceAccount.annotations": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "service.type": ("LoadBalancer", '"type": "LoadBalancer"'),
    "service.port": (8443, '"port": 8443'),
    "service.nodePort": ({"service": {"type": "NodePort", "nodePort": 30777}}, '"nodePort": 30777'),
    "service.annotations": ({"team": "{{ .Release.Name }}-changed"}, '"team": "chat-changed"'),
    "service.ipFamilyPolicy": ("RequireDualStack", '"ipFamilyPolicy": "RequireDualStack"'),
    "service.ipFamilies": (["IPv6"], '"ipFamilies": ["IPv6"]'),
    "service.trafficDistribution": ("PreferClose", '"trafficDistribution": "PreferClose"'),
    "ingress.enabled": ({"ingress": _INGRESS}, '"kind": "Ingress"'),
    "ingress.className": ({"ingress": {**_INGRESS, "className": "changed-here"}}, '"ingressClassName": "changed-here"'),
    "ingress.annotations": ({"ingress": {**_INGRESS, "annotations": {"team": "changed"}}}, '"team": "changed"'),
    "ingress.hosts": (
        {"ingress": {"enabled": True, "hosts": [{"host": "{{ .Release.Name }}.changed", "paths": ["/here"]}]}},
        '"host": "chat.changed", "http": {"paths": [{"path": "/here"',
    ),
    "ingress.tls": (
        {"ingress": {**_INGRESS, "tls": [{"secretName": "changed"}]}},
        '"tls": [{"secretName": "changed"}]',
    ),
    "httpRoute.enabled": ({"httpRoute": _ROUTE}, '"kind": "HTTPRoute"'),
    "httpRoute.annotations": ({"httpRoute": {**_ROUTE, "annotations": {"team": "changed"}}}, '"team": "changed"'),
    "httpRoute.parentRefs": (
        {"httpRoute": {**_ROUTE, "parentRefs": [{"name": "changed"}]}},
        '"parentRefs": [{"name": "changed"}]',
    ),
    "httpRoute.hostnames": ({"httpRoute": {**_ROUTE, "hostnames": ["chat.changed"]}}, '"hostnames": ["chat.changed"]'),
    "httpRoute.paths": ({"httpRoute": {**_ROUTE, "paths": ["/changed"]}}, '"value": "/changed"'),
    "autoscaling.enabled": (True, '"kind": "HorizontalPodAutoscaler"'),
    "autoscaling.minReplicas": ({"autoscaling": {"enabled": True, "minReplicas": 7}}, '"minReplicas": 7'),
    "autoscaling.maxReplicas": ({"autoscaling": {"enabled": True, "maxReplicas": 77}}, '"maxReplicas": 77'),
    "autoscaling.targetCPUUtilizationPercentage": (
        {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": 77}},
        '"averageUtilization": 77',
    ),
    "autoscaling.metrics": ({"autoscaling": {"enabled": True, "metrics": [{"type": "Pods"}]}}, '{"type": "Pods"}'),
    "autoscaling.behavior": (
        {"autoscaling": {"enabled": True, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 77}}}},
        '"stabilizationWindowSeconds": 77',
    ),
    "keda.enabled": ({"keda": _KEDA}, '"kind": "ScaledObject"'),
    "keda.minReplicas": ({"keda": {**_KEDA, "minReplicas": 7}}, '"minReplicaCount": 7'),
    "keda.maxReplicas": ({"keda": {**_KEDA, "maxReplicas": 77}}, '"maxReplicaCount": 77'),
    "keda.triggers": ({"keda": {"enabled": True, "triggers": [{"type": "x"}]}}, '"triggers": [{"type": "x"}]'),
    "podDisruptionBudget.enabled": (False, ""),
    "podDisruptionBudget.maxUnavailable": ("7%", '"maxUnavailable": "7%"'),
    "podDisruptionBudget.unhealthyPodEvictionPolicy": ("IfHealthyBudget", "IfHealthyBudget"),
    "networkPolicy.enabled": (True, '"kind": "NetworkPolicy"'),
    "networkPolicy.ingressFrom": (
        {"networkPolicy": {"enabled": True, "ingressFrom": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}},
        '"cidr": "192.0.2.0/24"',
    ),
    "networkPolicy.metricsFrom": (
        {"networkPolicy": {"enabled": True, "metricsFrom": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}},
        '"cidr": "192.0.2.0/24"',
    ),
    "networkPolicy.dnsPorts": (
        {"networkPolicy": {"enabled": True, "dnsPorts": [53, 5353]}},
        '{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}',
    ),
    "networkPolicy.egressPorts": ({"networkPolicy": {"enabled": True, "egressPorts": [8443]}}, '"port": 8443'),
    "networkPolicy.egressTo": (
        {"networkPolicy": {"enabled": True, "egressTo": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}},
        '"cidr": "192.0.2.0/24"',
    ),
    "metrics.serviceMonitor.enabled": (True, '"kind": "ServiceMonitor"'),
    "metrics.serviceMonitor.interval": (
        {"metrics": {"serviceMonitor": {"enabled": True, "interval": "77s"}}},
        '"interval": "77s"',
    ),
    "metrics.serviceMonitor.scrapeTimeout": (
        {"metrics": {"serviceMonitor": {"enabled": True, "scrapeTimeout": "7s"}}},
        '"scrapeTimeout": "7s"',
    ),
    "metrics.serviceMonitor.labels": (
        {"metrics": {"serviceMonitor": {"enabled": True, "labels": {"team": "changed"}}}},
        '"team": "changed"',
    ),
    "metrics.serviceMonitor.metricRelabelings": (
        {"metrics": {"serviceMonitor": {"enabled": True, "metricRelabelings": [{"action": "drop"}]}}},
        '"metricRelabelings": [{"action": "drop"}]',
    ),
    "metrics.prometheusRule.enabled": (True, '"kind": "PrometheusRule"'),
    "metrics.prometheusRule.labels": (
        {"metrics": {"prometheusRule": {"enabled": True, "labels": {"team": "changed"}}}},
        '"team": "changed"',
    ),
    "metrics.dashboard.enabled": (True, "-dashboard"),
    "metrics.dashboard.labels": (
        {"metrics": {"dashboard": {"enabled": True, "labels": {"team": "changed"}}}},
        '"team": "changed"',
    ),
    "tests.enabled": (False, ""),
    "tests.path": ("/changed", "svc:80/changed"),
}
"""By a value's name: what it is changed to (or whole values, where it needs others), and what is then found.

Where nothing can be found, because something is no longer there, the text is empty and less is rendered.
"""


def test_no_value_is_left_out() -> None:
    """Whoever adds a value says what it does."""
    assert set(CHANGED) | {"enabled"} == {name for name, _, _ in rows()}


def _changes(name: str) -> dict[str, Any]:
    changes, (first, *below) = CHANGED[name][0], name.split(".")
    if below and isinstance(changes, dict) and first in changes:
        return changes
    for part in reversed(below):
        changes = {part: changes}
    return {first: changes}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_value_is_seen(name: str) -> None:
    """It was not there before."""
    before, after = json.dumps(rendered(MINIMAL)), json.dumps(rendered(MINIMAL, changes=_changes(name)))
    found = CHANGED[name][1]
    if found:
        assert found not in before
        assert found in after
    else:
        assert len(after) < len(before)


_LABELLED: dict[str, dict[str, Any]] = {
    "pods": {"podLabels": {"team": "b"}},
    "a monitor": {"metrics": {"serviceMonitor": {"enabled": True, "labels": {"team": "b"}}}},
}


@pytest.mark.parametrize("where", _LABELLED)
def test_a_label_that_is_said_twice_stands_once(where: str) -> None:
    """What is said for one object counts before what is said for all; `rendered` refuses a name that stands twice."""
    objects = rendered(MINIMAL, changes={"commonLabels": {"team": "a"}, **_LABELLED[where]})
    assert only(objects, "Deployment")["metadata"]["labels"]["team"] == "a"
    assert '"team": "b"' in json.dumps(objects)


@pytest.mark.parametrize("value", ["commonLabels", "podLabels"])
@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "app.kubernetes.io/instance"])
def test_the_labels_by_which_pods_are_found_are_the_chart_s(value: str, label: str) -> None:
    """With another value of them the Service would find no pod."""
    with pytest.raises(Refused, match=f"{label}: this label is the chart's own"):
        rendered(MINIMAL, changes={value: {label: "other"}})


def test_numbers_in_labels_and_annotations_are_written_out() -> None:
    """Helm holds them as floats."""
    texts = {"build": 1000000, "half": 0.5, "on": True}
    pod = only(rendered(MINIMAL, changes={"commonLabels": texts, "podAnnotations": texts}), "Deployment")["spec"]
    for written in ("labels", "annotations"):
        of_pod = pod["template"]["metadata"][written]
        assert {name: of_pod[name] for name in texts} == {"build": "1000000", "half": "0.5", "on": "true"}


def test_the_pods_of_hooks_run_where_the_bridge_runs() -> None:
    """Where every node is tainted, or a policy asks for labels and a priority class, they would never start."""
    labels = {"commonLabels": {"cost-center": "7"}}
    objects = rendered(CHART / "ci/scheduling-values.yaml", CHART / "ci/mapping-tests-values.yaml", changes=labels)
    bridge = only(objects, "Deployment")["spec"]["template"]["spec"]
    hooks = [only(objects, "Pod"), only(objects, "Job")["spec"]["template"]]
    for hook in hooks:
        assert hook["metadata"]["labels"]["cost-center"] == "7"
        for member in ("nodeSelector", "tolerations", "priorityClassName", "dnsConfig", "hostAliases"):
            assert hook["spec"][member] == bridge[member]


def test_openshift_gives_users_of_its_own() -> None:
    """The users that the chart names can be taken out, as the guide says."""
    users = {"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}}
    for each in rendered(CHART / "ci/mapping-tests-values.yaml", changes=users):
        text = json.dumps(each)
        assert "runAsUser" not in text
        assert ("runAsNonRoot" in text) is (each["kind"] in {"Deployment", "Job", "Pod"})

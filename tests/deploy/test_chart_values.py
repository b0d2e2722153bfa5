"""Each value of the chart arrives where Kubernetes looks for it, and each feature is what its name says."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.config.model import ServerSettings
from tests.deploy.chart import CHART, MINIMAL, only, rendered
from tests.deploy.parts import clients

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]  # the first run downloads Helm

Objects = list[dict[str, Any]]


def feature(name: str, **changes: Any) -> Objects:
    """What one of the shipped ci/ files becomes."""
    return rendered(CHART / f"ci/{name}-values.yaml", changes=changes)


def pod(objects: Objects) -> dict[str, Any]:
    """The bridge's pod."""
    spec: dict[str, Any] = only(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def named(several: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one of this name."""
    return next(each for each in several if each["name"] == name)


def bridge(objects: Objects) -> dict[str, Any]:
    """The bridge's container."""
    return named(pod(objects)["containers"], "bridge")


def volume(objects: Objects, name: str) -> dict[str, Any]:
    """One of the pod's volumes, which the bridge has mounted too."""
    assert named(bridge(objects)["volumeMounts"], name)
    return named(pod(objects)["volumes"], name)


def files(objects: Objects) -> dict[str, tuple[str, str]]:
    """The secret files: of which Secret, and of which key."""
    sources = [each["secret"] for each in volume(objects, "secrets")["projected"]["sources"]]
    return {item["path"]: (each["name"], item["key"]) for each in sources for item in each["items"]}


BYTES = "registry.shop.example/cxgenie-idp-bridge/idp-bridge@sha256:0123456789abcdef" + "0123456789abcdef" * 3
HERE = {"matchLabels": {"app.kubernetes.io/instance": "chat"}}
CUSTOM = {"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "500"}}}

ARRIVED: dict[str, tuple[str, Callable[[Objects], Any], Any]] = {
    "replicaCount": ("scheduling", lambda it: only(it, "Deployment")["spec"]["replicas"], 4),
    "image.digest": ("digest", lambda it: bridge(it)["image"], BYTES),
    "global.imagePullSecrets": ("digest", lambda it: pod(it)["imagePullSecrets"], [{"name": "registry"}]),
    "existingConfigMap": (
        "existing-configmap",
        lambda it: volume(it, "config")["configMap"],
        {"name": "chat-bridge", "items": [{"key": "chat.yaml", "path": "bridge.yaml"}]},
    ),
    "headerToken.key": ("existing-configmap", files, {"header-token": ("cxgenie", "token")}),
    "headerToken.value": ("trial", files, {"header-token": ("chat-idp-bridge-header-token", "header-token")}),
    "secretFiles": (
        "secret-files",
        files,
        {
            "header-token": ("cxgenie", "header-token"),
            "sso-secret": ("sso", "client-secret"),
            "old-header-token": ("cxgenie-old", "header-token"),
        },
    ),
    "caBundle.existingConfigMap": (
        "ca-bundle",
        lambda it: volume(it, "ca")["configMap"],
        {"name": "shop-ca", "items": [{"key": "ca.crt", "path": "ca.pem"}]},
    ),
    "caBundle.existingSecret": ("ca-bundle-secret", lambda it: volume(it, "ca")["secret"]["secretName"], "shop-ca"),
    "valkey": (
        "valkey",
        lambda it: named(bridge(it)["env"], "VALKEY_URL")["valueFrom"],
        {"secretKeyRef": {"name": "valkey", "key": "url"}},
    ),
    "state.existingClaim": (
        "state-claim",
        lambda it: volume(it, "state")["persistentVolumeClaim"],
        {"claimName": "bridge-state"},
    ),
    "extraEnv": ("extras", lambda it: named(bridge(it)["env"], "SSL_CERT_FILE")["value"], "/etc/idp-bridge-ca/ca.pem"),
    "extraEnvFrom": ("extras", lambda it: bridge(it)["envFrom"][0]["configMapRef"]["name"], "chat-env"),
    "extraVolumes": ("extras", lambda it: volume(it, "more"), {"name": "more", "emptyDir": {}}),
    "extraVolumeMounts": ("extras", lambda it: named(bridge(it)["volumeMounts"], "more")["mountPath"], "/more"),
    "extraContainers": ("extras", lambda it: named(pod(it)["containers"], "beside")["args"], ["chat"]),
    "extraInitContainers": ("extras", lambda it: pod(it)["initContainers"][-1]["name"], "before"),
    "extraObjects": ("extras", lambda it: only(it, "ConfigMap", "-extra")["metadata"]["name"], "chat-extra"),
    "nodeSelector": ("scheduling", lambda it: pod(it)["nodeSelector"], {"kubernetes.io/arch": "amd64"}),
    "tolerations": ("scheduling", lambda it: pod(it)["tolerations"][0]["value"], "edge"),
    "affinity": (
        "scheduling",
        lambda it: next(iter(pod(it)["affinity"]["podAntiAffinity"].values()))[0]["podAffinityTerm"]["labelSelector"],
        HERE,
    ),
    "topologySpreadConstraints": (
        "scheduling",
        lambda it: [(each["topologyKey"], each["labelSelector"]) for each in pod(it)["topologySpreadConstraints"]],
        [("topology.kubernetes.io/zone", HERE)],
    ),
    "without topologySpreadConstraints": (
        "minimal",
        lambda it: [each["topologyKey"] for each in pod(it)["topologySpreadConstraints"]],
        ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
    ),
    "podDisruptionBudget": (
        "minimal",
        lambda it: [
            only(it, "PodDisruptionBudget")["spec"][key] for key in ("maxUnavailable", "unhealthyPodEvictionPolicy")
        ],
        [1, "AlwaysAllow"],
    ),
    "one pod has no budget": ("single", lambda it: [each for each in it if each["kind"] == "PodDisruptionBudget"], []),
    "the check of the file": (
        "mapping-tests",
        lambda it: [each["args"][0] for each in pod(it)["initContainers"]],
        ["check", "test"],
    ),
}


@pytest.mark.parametrize("value", ARRIVED)
def test_a_value_arrives(value: str) -> None:
    """Where Kubernetes looks for it, with its template filled in."""
    name, found, expected = ARRIVED[value]
    assert found(feature(name)) == expected


@pytest.mark.parametrize(("name", "kind"), [("autoscaling", "HorizontalPodAutoscaler"), ("keda", "ScaledObject")])
def test_whoever_scales_says_how_many(name: str, kind: str) -> None:
    """The Deployment then names no number, which each upgrade would set back."""
    objects = feature(name)
    assert "replicas" not in only(objects, "Deployment")["spec"]
    assert only(objects, kind)["spec"]["scaleTargetRef"]["name"] == only(objects, "Deployment")["metadata"]["name"]


def test_it_scales_by_cpu_and_by_what_is_added() -> None:
    """By the share that is asked for, a metric of one's own, or KEDA's triggers."""
    cpu, own = only(feature("autoscaling", autoscaling={"metrics": [CUSTOM]}), "HorizontalPodAutoscaler")["spec"][
        "metrics"
    ]
    assert (cpu["resource"]["name"], cpu["resource"]["target"]["averageUtilization"]) == ("cpu", 60)
    assert own == CUSTOM
    keda = only(feature("keda"), "ScaledObject")["spec"]
    assert (keda["maxReplicaCount"], keda["triggers"][0]["type"]) == (20, "prometheus")


def test_the_network_policy_opens_both_ports_to_their_own_and_leads_to_dns_and_providers() -> None:
    """In: callers to the public port, Prometheus to the private one. Out: DNS, and the ports that are named."""
    policy = only(feature("network-policy", tests={"enabled": False}), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]

    def spaces(peers: list[dict[str, Any]]) -> list[str]:
        return [each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in peers]

    ways_in = [([port["port"] for port in way["ports"]], spaces(way["from"])) for way in policy["ingress"]]
    assert ways_in == [(["http"], ["ingress-nginx"]), (["admin"], ["monitoring"])]
    dns, providers = policy["egress"]
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert ([port["port"] for port in providers["ports"]], len(providers["to"])) == ([443, 6379], 1)
    closed = only(feature("network-policy", networkPolicy={"metricsFrom": []}), "NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for way in closed for port in way["ports"]] == ["http"]


def test_probes_ask_the_private_port_and_the_end_is_long_enough() -> None:
    """Before SIGTERM comes the pause, after it what the service itself may take to drain."""
    for name in ("minimal", "live"):
        container = bridge(feature(name))
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert {probe["port"] for probe in probes.values()} == {"admin"}
        assert [probes[kind]["path"] for kind in ("startup", "liveness", "readiness")] == [
            "/healthz",
            "/healthz",
            "/readyz",
        ]
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod(feature(name))["terminationGracePeriodSeconds"] >= pause + ServerSettings().grace


def test_routes_lead_to_the_public_service() -> None:
    """By its name and the port that it has."""
    objects = feature("ingress")
    path = only(objects, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]
    assert path["backend"]["service"] == {"name": "chat-idp-bridge", "port": {"name": "http"}}
    route = only(feature("httproute", service={"port": 8443}), "HTTPRoute")["spec"]
    assert route["rules"][0]["backendRefs"] == [{"name": "chat-idp-bridge", "port": 8443}]
    assert (route["parentRefs"][0]["name"], route["hostnames"]) == ("public", ["chat-auth.shop.example"])


def test_the_service_monitor_finds_the_private_service() -> None:
    """By labels that only that Service has, and by its port's name."""
    objects = feature("monitoring")
    monitor = only(objects, "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [each for each in objects if each["kind"] == "Service"]
    [found] = [each for each in services if wanted <= each["metadata"]["labels"].items()]
    assert [port["name"] for port in found["spec"]["ports"]] == [monitor["spec"]["endpoints"][0]["port"]] == ["admin"]


def test_the_check_before_an_upgrade_needs_nothing_that_is_not_its_own() -> None:
    """Argo CD runs it before each sync, when neither ConfigMap nor Secret nor service account is there."""
    objects = [each for each in feature("mapping-tests") if "pre-upgrade" in str(each["metadata"].get("annotations"))]
    assert sorted(each["kind"] for each in objects) == ["ConfigMap", "Job"]
    job = only(objects, "Job")["spec"]["template"]["spec"]
    assert job["volumes"][0]["configMap"]["name"] == only(objects, "ConfigMap")["metadata"]["name"]
    assert [list(each) for each in job["volumes"]] == [["name", "configMap"], ["name", "emptyDir"]]
    assert "secret" not in str([(each.get("env"), each["volumeMounts"]) for each in job["containers"]]).lower()
    assert "serviceAccountName" not in job
    assert "preUpgrade" not in str(feature("minimal"))
    assert "Job" not in {each["kind"] for each in feature("minimal")}


def test_a_trial_s_header_token_is_in_a_secret_and_nowhere_else() -> None:
    """Not in a variable, an argument or a ConfigMap."""
    objects, token = feature("trial"), "wq7Vt2-a-header-token-for-a-trial"
    assert base64.b64decode(only(objects, "Secret")["data"]["header-token"]).decode() == token
    assert token not in str([each for each in objects if each["kind"] != "Secret"])


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("ingress", "https://chat-auth.shop.example/\n"),
        ("httproute", "https://chat-auth.shop.example/\n"),
        ("minimal", "Switch on ingress.enabled or httpRoute.enabled."),
        ("trial", "for a trial only"),
    ],
)
def test_the_notes_say_what_to_type_into_cx_genie(name: str, printed: str) -> None:
    """The Authentication URL, where the header token is, and the identity method.

    Helm 4 alone: Helm 3 asks a cluster even for this, and test_cluster shows what it prints.
    """
    command: list[str | Path] = [clients("4").helm, "install", "chat", CHART, "--dry-run=client", "--values"]
    command += [CHART / f"ci/{name}-values.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    notes = done.stdout.partition("NOTES:")[2]
    for words in ("Authentication URL", "Header token", "Identity method", printed):
        assert words in notes


def test_artifact_hub_is_told_what_it_shows() -> None:
    """Category, licence, changes, links, and the image of this very version for both architectures."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    told = {name.removeprefix("artifacthub.io/"): text for name, text in chart["annotations"].items()}
    assert {"category", "license", "changes", "images", "links"} <= set(told)
    [image] = yaml.safe_load(told["images"])
    assert image["image"] == bridge(rendered(MINIMAL))["image"]
    assert image["platforms"] == ["linux/amd64", "linux/arm64"]
    for several in ("changes", "links"):
        assert yaml.safe_load(told[several])

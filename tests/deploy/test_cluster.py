"""The chart and the image in a real cluster: installed, upgraded under load, rolled back, changed live, removed."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.deploy.chart import CHART, FEATURES, rendered
from tests.deploy.cluster.api import JsonObject
from tests.deploy.release import SECRET, Cluster, call, install
from tests.eventually import eventually
from tests.issuer.keys import public_pem
from tests.issuer.mint import AUDIENCE, good_token

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(1800)]

_ISSUER = "https://shop.example"
_PATIENCE = 60.0  # seconds that a cluster on a noisy machine may take to follow


def _config(label: str) -> str:
    return yaml.safe_dump(
        {
            "version": 1,
            "callback": {"header_token": [{"file": "/run/secrets/idp-bridge/header-token"}], "identity_method": "id"},
            "providers": {
                "own": {
                    "preset": "signed-jwt",
                    "issuer": _ISSUER,
                    "audience": AUDIENCE,
                    "public_key": {"file": "/run/secrets/idp-bridge/shop.pem"},
                }
            },
            "mapping": {"label": {"value": label}},
        }
    )


def _values(label: str, **more: object) -> JsonObject:
    return {
        "config": _config(label),
        "headerToken": {"existingSecret": "cxgenie"},
        "secretFiles": {"shop.pem": {"existingSecret": "shop", "key": "pem"}},
        "preStopSleepSeconds": 2,
        **more,
    }


@pytest.fixture
def token() -> str:
    """A visitor's."""
    return good_token(_ISSUER)


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A restricted namespace of the test's own, with its Secrets."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name)[:50].strip("-")
    cluster.namespace(name)
    cluster.secret(name, "shop", {"pem": public_pem("rsa")})
    return str(name)


def _label(address: str, token: str) -> str:
    status, answer = call(address, token)
    assert status == 200, answer
    return str(answer["data"]["label"])


@contextmanager
def _visitors(address: str, token: str) -> Iterator[Counter[str]]:
    """Visitors who open the chat all the time, each with a connection of his own; counted by what they were told."""
    told: Counter[str] = Counter()
    over = threading.Event()

    def one() -> None:
        while not over.is_set():
            try:
                told[_label(address, token)] += 1
            except (AssertionError, OSError, ValueError) as error:
                told[f"lost: {type(error).__name__} {error}"[:200]] += 1
            time.sleep(0.01)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("generation", ["3", "4"])
def test_install_test_and_uninstall(cluster: Cluster, namespace: str, token: str, generation: str) -> None:
    """The whole life of a release, with each generation of Helm."""
    printed = install(cluster, namespace, "chat", _values("first"), generation=generation)
    assert "Header token" in printed
    assert _label(cluster.address(namespace, "chat"), token) == "first"
    cluster.helm("test", "--namespace", namespace, "chat", generation=generation)
    cluster.helm("uninstall", "--namespace", namespace, "chat", "--wait", generation=generation)
    eventually(lambda: not cluster.pods(namespace), _PATIENCE)


def test_a_rolling_upgrade_under_load_loses_nobody_and_a_rollback_is_real(
    cluster: Cluster, namespace: str, token: str
) -> None:
    """Not one callback fails while every pod is replaced; then the file of the first revision decides again."""
    install(cluster, namespace, "chat", _values("before"))
    pods = cluster.pods(namespace)
    address = cluster.address(namespace, "chat")
    with _visitors(address, token) as told:
        eventually(lambda: told["before"] > 20, _PATIENCE)
        install(cluster, namespace, "chat", _values("after"))
        eventually(lambda: told["after"] > 20, _PATIENCE)
        eventually(lambda: not set(cluster.pods(namespace)) & set(pods), _PATIENCE)
        cluster.helm("rollback", "--namespace", namespace, "chat", "1", "--wait", "--timeout", "120s")
        eventually(lambda: _label(address, token) == "before", _PATIENCE)
    assert set(told) == {"before", "after"}, told


_BAD: Mapping[str, JsonObject] = {
    "an unknown key": {"config": _config("bad").replace("audience:", "audiense:")},
    "an identity without proof": {
        "config": _config("bad").replace("method: id", "method: email").replace("mapping:", "mapping:\n  email: email")
    },
    "a mapping test that fails": {
        "mappingTests": "- name: a customer\n  claims: {sub: u1}\n  expect: {id: u1, label: good}\n"
    },
}


@pytest.mark.parametrize("wrong", _BAD)
def test_a_bad_file_never_replaces_good_pods(cluster: Cluster, namespace: str, token: str, wrong: str) -> None:
    """New pods fail their check; visitors notice nothing."""
    install(cluster, namespace, "chat", _values("good"))
    address = cluster.address(namespace, "chat")
    bad = _values("bad") | _BAD[wrong]
    with _visitors(address, token) as told:
        with pytest.raises(AssertionError, match="upgrade"):
            install(cluster, namespace, "chat", bad, "--timeout", "20s")
        cluster.helm("rollback", "--namespace", namespace, "chat", "1", "--wait", "--timeout", "120s")
    assert set(told) == {"good"}, told


def test_a_live_configuration_is_taken_over_by_running_pods(cluster: Cluster, namespace: str, token: str) -> None:
    """No pod is replaced; a bad file changes nothing."""
    live = {"configReload": "live"}
    install(cluster, namespace, "chat", _values("before", **live))
    address, pods = cluster.address(namespace, "chat"), cluster.pods(namespace)
    with _visitors(address, token) as told:
        install(cluster, namespace, "chat", _values("after", **live))
        eventually(lambda: told["after"] > 20, _PATIENCE)
        broken = _values("broken", **live) | {"config": "version: 1\nnonsense: true\n"}
        install(cluster, namespace, "chat", broken)
        time.sleep(5)
    assert set(told) == {"before", "after"}, told
    assert _label(address, token) == "after"
    assert cluster.pods(namespace) == pods


def test_a_new_pod_goes_on_with_the_last_good_file(cluster: Cluster, namespace: str, token: str) -> None:
    """A bad file is live, every pod is replaced, and visitors are answered as before."""
    live = {"configReload": "live", "state": {"existingClaim": "bridge-state"}}
    install(cluster, namespace, "chat", _values("good", **live))
    address, pods = cluster.address(namespace, "chat"), cluster.pods(namespace)
    install(cluster, namespace, "chat", _values("bad", **live) | {"config": "version: 1\nnonsense: true\n"})
    cluster.kubectl("delete", "--namespace", namespace, "--wait", "pod", *pods)
    cluster.kubectl("rollout", "status", "--namespace", namespace, "--timeout", "60s", "deployment/chat-idp-bridge")
    assert not set(cluster.pods(namespace)) & set(pods)
    assert _label(address, token) == "good"
    assert "started_with_last_good" in cluster.printed(namespace)


def test_a_header_token_is_rotated_without_a_restart(cluster: Cluster, namespace: str, token: str) -> None:
    """The Secret is changed, and nothing else."""
    install(cluster, namespace, "chat", _values("any"))
    address, pods = cluster.address(namespace, "chat"), cluster.pods(namespace)
    fresh = SECRET[::-1]
    assert call(address, token, secret=fresh)[0] == 401
    cluster.secret(namespace, "cxgenie", {"header-token": fresh})
    for _ in range(2 * len(pods)):  # each pod takes it over by itself
        eventually(lambda: call(address, token, secret=fresh)[0] == 200, _PATIENCE)
    eventually(lambda: call(address, token)[0] == 401, _PATIENCE)
    assert cluster.pods(namespace) == pods


def test_the_check_before_an_upgrade_stops_a_bad_file_before_anything_is_changed(
    cluster: Cluster, namespace: str, token: str
) -> None:
    """A Job with a copy of its own judges it."""
    cases = "- name: a customer\n  claims: {sub: u1}\n  expect: {id: u1, label: good}\n"
    checked = {"preUpgradeCheck": {"enabled": True}, "mappingTests": cases}
    install(cluster, namespace, "chat", _values("good", **checked))
    pods = cluster.pods(namespace)
    with pytest.raises(AssertionError, match="upgrade"):
        install(cluster, namespace, "chat", _values("other than the test case expects", **checked))
    assert _label(cluster.address(namespace, "chat"), token) == "good"
    assert set(pods) <= set(cluster.pods(namespace))


@pytest.mark.parametrize("values", FEATURES, ids=lambda path: path.stem)
def test_the_api_server_takes_every_object_of_each_feature(cluster: Cluster, values: Path) -> None:
    """Strictly: an unknown member is refused, of CRDs too."""
    name = f"feature-{FEATURES.index(values)}"
    cluster.namespace(name)
    objects = rendered(values, changes={"namespaceOverride": name})
    for each in objects:
        each["metadata"]["namespace"] = name
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    command = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-")
    printed = cluster.kubectl(*command, text=text)
    assert printed.count("serverside-applied") == len(objects)


_ODD: Mapping[str, tuple[str, JsonObject]] = {
    "a digit first": ("1e3", {}),
    "with a dot": ("shop.chat", {}),
    "as long as Helm takes": ("a" * 53, {"nameOverride": "n" * 63}),
    "Recreate alone": ("chat", {"strategy": {"type": "Recreate"}}),
    "users of OpenShift's": ("chat", {"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}}),
}


@pytest.mark.parametrize("odd", _ODD)
def test_the_api_server_takes_odd_releases(cluster: Cluster, namespace: str, odd: str) -> None:
    """Names that are no name of a Service, and values that do not stand beside the defaults."""
    release, values = _ODD[odd]
    objects = rendered(_feature("mapping-tests"), release=release, changes={**values, "namespaceOverride": namespace})
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    command = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", "-")
    assert cluster.kubectl(*command, text=text).count("serverside-applied") == len(objects)


def _has_pods(cluster: Cluster, namespace: str, several: int) -> bool:
    return len(cluster.pods(namespace)) == several


def test_an_upgrade_with_the_values_of_before(cluster: Cluster, namespace: str, token: str) -> None:
    """One value is changed and the rest is kept; then the same for a reset to the chart's own."""
    install(cluster, namespace, "chat", _values("kept", preUpgradeCheck={"enabled": True}))
    for flag in ("--reuse-values", "--reset-then-reuse-values"):
        for pods in (3, 1):
            command = ("upgrade", "--namespace", namespace, "chat", CHART, flag, "--set", f"replicaCount={pods}")
            cluster.helm(*command, "--wait", "--timeout", "60s")
            eventually(partial(_has_pods, cluster, namespace, pods), _PATIENCE)
            assert _label(cluster.address(namespace, "chat"), token) == "kept"


def test_a_slip_in_somebody_elses_kind_would_be_seen(cluster: Cluster) -> None:
    """The CRDs are really judged."""
    objects = [each for each in rendered(_feature("monitoring")) if each["kind"] == "ServiceMonitor"]
    objects[0]["metadata"]["namespace"] = "default"
    objects[0]["spec"]["endpoints"][0]["intervall"] = "1s"
    with pytest.raises(AssertionError, match="intervall"):
        cluster.kubectl(
            "create", "--dry-run=server", "--validate=strict", "--filename", "-", text=json.dumps(objects[0])
        )


def test_a_careless_pod_would_be_refused_in_these_namespaces(cluster: Cluster, namespace: str) -> None:
    """The strictest policy is really enforced."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "careless"},
        "spec": {"containers": [{"name": "a", "image": "b"}]},
    }
    with pytest.raises(AssertionError, match="restricted"):
        cluster.kubectl("create", "--namespace", namespace, "--filename", "-", text=json.dumps(pod))


def _feature(name: str) -> Path:
    return next(path for path in FEATURES if path.stem == f"{name}-values")

"""One pod's life: volumes, init containers, containers, probes, and an orderly end."""

import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.deploy.cluster.api import Api, ApiRefused, JsonObject
from tests.deploy.cluster.container import Container, Surroundings
from tests.deploy.cluster.image import Image
from tests.deploy.cluster.network import Network
from tests.deploy.cluster.volumes import Volume

_TICK = 0.2
"""Seconds between two looks at a pod."""

_FAILURES = 3
"""Failed probes in a row that make a ready pod unready: what a ``failureThreshold`` is by default."""


class Pod(threading.Thread):
    """Runs one pod until it has ended or is deleted, and reports its status.

    Args:
        api: Where its objects are.
        document: The pod as it was when it was bound.
        image: What its containers run.
        network: Gives it an address.
        folder: For its volumes and logs.
        hosts: Makes the text of its /etc/hosts.
    """

    def __init__(
        self, api: Api, document: JsonObject, image: Image, network: Network, folder: Path, hosts: Callable[[], str]
    ) -> None:
        self.key: str = document["metadata"]["uid"]
        self._pod: str = document["metadata"]["name"]
        self._namespace: str = document["metadata"]["namespace"]
        super().__init__(name=f"pod {self._pod}", daemon=True)
        self._api = api
        self._document = document
        self._spec: JsonObject = document["spec"]
        self._image = image
        self._network = network
        self._folder = folder / f"{self._namespace}-{self._pod}"
        self._hosts = hosts
        self._told_to_end = threading.Event()
        self._ready = False
        self._address = ""
        self._init_states: list[JsonObject] = []
        self._states: list[JsonObject] = []

    @property
    def path(self) -> str:
        """The object's address."""
        return f"/api/v1/namespaces/{self._namespace}/pods/{self._pod}"

    def end(self) -> None:
        """Begins its end: what the kubelet does when a pod has a deletion time."""
        self._told_to_end.set()

    def run(self) -> None:
        """The thread's life."""
        self._folder.mkdir(parents=True)
        with contextlib.suppress(ApiRefused), self._network.namespace() as (network, self._address):
            self._live(network)
        if self._told_to_end.is_set():
            self._api.delete_now(self.path)

    def _live(self, network: str) -> None:
        security = self._spec.get("securityContext", {})
        user = security.get("runAsUser", 0), security.get("runAsGroup", 0)
        group = security.get("fsGroup", user[1])
        volumes = [
            Volume(self._api, self._namespace, spec, self._folder, group) for spec in self._spec.get("volumes", ())
        ]
        if not self._until(lambda: self._refreshed(volumes)):
            return
        hosts = self._folder / "hosts"
        hosts.write_text(self._hosts())
        folders = {volume.name: volume.folder for volume in volumes}
        around = Surroundings(self._image, network, hosts, folders, (int(user[0]), int(user[1])))
        for spec in self._spec.get("initContainers", ()):
            if not self._initialised(spec, around):
                return
        containers = [self._begun(spec, around) for spec in self._spec["containers"]]
        began, failed = time.monotonic(), 0
        while not self._told_to_end.is_set():
            if all(container.exit_code is not None for container in containers):
                self._ended(containers)
                return
            if time.monotonic() - began > 1:
                began = time.monotonic()
                self._refreshed(volumes)
            probed = [
                self._probed(spec, container)
                for spec, container in zip(self._spec["containers"], containers, strict=True)
            ]
            # As the kubelet does: one failed probe is none yet, so many in a row are.
            failed = 0 if all(probed) else failed + 1
            ready = failed < (_FAILURES if self._ready else 1)
            if ready != self._ready or not self._states:
                self._ready = ready
                self._states = [self._running(container.name, ready=ready) for container in containers]
                self._report("Running")
            self._told_to_end.wait(_TICK)
        self._wind_down(containers)

    def _until(self, true: Callable[[], bool]) -> bool:
        while not self._told_to_end.is_set():
            if true():
                return True
            self._told_to_end.wait(_TICK)
        return False

    def _refreshed(self, volumes: list[Volume]) -> bool:
        try:
            for volume in volumes:
                volume.refresh()
        except ApiRefused as refused:
            if refused.status != 404:
                raise
            return False
        return True

    def _begun(self, spec: JsonObject, around: Surroundings) -> Container:
        return Container(spec, around, self._environment(spec), self._folder / f"{spec['name']}.log")

    def _initialised(self, spec: JsonObject, around: Surroundings) -> bool:
        pause = 1.0
        while True:
            code = self._begun(spec, around).wait()
            state = {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}}
            self._init_states = [each for each in self._init_states if each["name"] != spec["name"]]
            self._init_states.append(self._status(spec["name"], state, ready=code == 0))
            if code == 0:
                self._report("Pending")
                return True
            if self._spec.get("restartPolicy") == "Never":
                self._report("Failed")
                return False
            self._report("Pending")
            if self._told_to_end.wait(pause):
                return False
            pause = min(pause * 2, 10)

    def _probed(self, spec: JsonObject, container: Container) -> bool:
        if container.exit_code is not None:
            return False
        probe = spec.get("readinessProbe")
        if probe is None:
            return True
        ports = {port["name"]: port["containerPort"] for port in spec.get("ports", ()) if "name" in port}
        port = probe["httpGet"]["port"]
        connection = http.client.HTTPConnection(
            self._address, ports.get(port, port), timeout=probe.get("timeoutSeconds", 1)
        )
        try:
            connection.request("GET", probe["httpGet"]["path"])
            return connection.getresponse().status < 400
        except OSError:
            return False
        finally:
            connection.close()

    def _wind_down(self, containers: list[Container]) -> None:
        self._ready = False
        self._states = [self._running(container.name, ready=False) for container in containers]
        self._report("Running")
        grace = float(self._spec.get("terminationGracePeriodSeconds", 30))
        began = time.monotonic()
        for spec in self._spec["containers"]:
            time.sleep(spec.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))
        for container in containers:
            container.terminate(max(grace - (time.monotonic() - began), 1))
        self._ended(containers)

    def _ended(self, containers: list[Container]) -> None:
        codes = {container.name: container.wait() for container in containers}
        self._ready = False
        self._states = [
            self._status(name, {"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}})
            for name, code in codes.items()
        ]
        self._report("Failed" if any(codes.values()) else "Succeeded")

    def _environment(self, spec: JsonObject) -> dict[str, str]:
        return {entry["name"]: str(self._variable(entry)) for entry in spec.get("env", ())}

    def _variable(self, entry: JsonObject) -> Any:
        source = entry.get("valueFrom")
        if source is None:
            return entry.get("value", "")
        if "fieldRef" in source and source["fieldRef"]["fieldPath"] == "status.podIP":
            return self._address
        raise AssertionError(f"the stand-in has no such variable: {sorted(source)}")

    def _running(self, name: str, *, ready: bool) -> JsonObject:
        return self._status(name, {"running": {"startedAt": _now()}}, ready=ready)

    def _status(self, name: str, state: JsonObject, *, ready: bool = False) -> JsonObject:
        return {
            "name": name,
            "image": "localhost/idp-bridge:test",
            "imageID": "localhost/idp-bridge@sha256:0",
            "ready": ready,
            "started": ready,
            "restartCount": 0,
            "state": state,
        }

    def _report(self, phase: str) -> None:
        true = {"True": True, "False": False}
        conditions = {
            "PodScheduled": True,
            "Initialized": len(self._init_states) == len(self._spec.get("initContainers", ())),
            "ContainersReady": self._ready,
            "Ready": self._ready,
        }
        status = {
            "phase": phase,
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "hostIP": "127.0.0.1",
            "startTime": _now(),
            "conditions": [
                {"type": name, "status": str(value), "lastTransitionTime": _now()}
                for name, value in conditions.items()
                if str(value) in true
            ],
            "initContainerStatuses": self._init_states,
            "containerStatuses": self._states,
        }
        self._api.merge(f"{self.path}/status", {"status": status})


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

"""A cluster as an operator uses it: kubectl and Helm, and callbacks as CX Genie sends them."""

import http.client
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.chart import CHART
from tests.deploy.cluster.api import Api, JsonObject
from tests.deploy.parts import clients
from tests.eventually import eventually

SECRET = "wq7Vt2-the-secret-of-this-test-run"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster.

    Attributes:
        api: Its API server.
        kubeconfig: For kubectl and Helm.
        pod_folders: Where what the pods' containers print is.
    """

    api: Api
    kubeconfig: Path
    pod_folders: Path

    def kubectl(self, *arguments: str, text: str = "", generation: str = "4") -> str:
        """What kubectl prints; a failure fails the test."""
        return _run([clients(generation).kubectl, *arguments], self.kubeconfig, text)

    def helm(self, *arguments: str | Path, text: str = "", generation: str = "4") -> str:
        """What Helm prints; a failure fails the test."""
        return _run([clients(generation).helm, *arguments], self.kubeconfig, text)

    def namespace(self, name: str) -> None:
        """A namespace under the strictest policy, with the Secret of the header token."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
        self.api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        self.secret(name, "cxgenie", {"header-token": SECRET})

    def secret(self, namespace: str, name: str, texts: Mapping[str, str]) -> None:
        """A Secret, made or changed."""
        document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": dict(texts)}
        self.kubectl("apply", "--namespace", namespace, "--filename", "-", text=json.dumps(document))

    def address(self, namespace: str, release: str) -> str:
        """The Service's address, as soon as somebody answers there: whoever forwards it learns of ready pods last."""
        service = self.api.get(f"/api/v1/namespaces/{namespace}/services/{release}-idp-bridge")
        address = str(service["spec"]["clusterIP"])
        eventually(lambda: _answers(address), 60)
        return address

    def printed(self, namespace: str) -> str:
        """The end of what the pods of a namespace printed."""
        logs = sorted(self.pod_folders.glob(f"{namespace}-*/*.log"))
        return "\n".join(f"{log.parent.name}/{log.stem}: {log.read_text()[-1500:]}" for log in logs[-6:])

    def pods(self, namespace: str) -> list[str]:
        """The names of the pods that are not about to go."""
        found = self.api.items(f"/api/v1/namespaces/{namespace}/pods")
        return sorted(pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"])


IMAGE = {"image": {"registry": "localhost", "repository": "idp-bridge", "tag": "test"}}


def install(
    cluster: Cluster, namespace: str, release: str, values: JsonObject, *more: str, generation: str = "4"
) -> str:
    """Installs or upgrades the chart with the real image, and waits for it."""
    command = ("upgrade", "--install", "--namespace", namespace, release, CHART, "--values", "-", "--wait")
    text = json.dumps({**IMAGE, **values})
    try:
        return cluster.helm(*command, "--timeout", "60s", *more, text=text, generation=generation)
    except AssertionError as failed:
        failed.add_note(cluster.printed(namespace))
        raise


def call(address: str, token: str, *, secret: str = SECRET, path: str = "/") -> tuple[int, JsonObject]:
    """One callback on a connection of its own, as CX Genie would send it."""
    connection = http.client.HTTPConnection(address, 80, timeout=10)
    headers = {"Authorization": f"{secret} Bearer", "Content-Type": "application/json", "Connection": "close"}
    try:
        connection.request("POST", path, json.dumps({"access_token": token}), headers)
        answer = connection.getresponse()
        document: JsonObject = json.loads(answer.read())
        return answer.status, document
    finally:
        connection.close()


def _answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, 80, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status > 0
    except OSError:
        return False
    finally:
        connection.close()


def _run(command: list[Any], kubeconfig: Path, text: str) -> str:
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{' '.join(map(str, command[:4]))} …: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout

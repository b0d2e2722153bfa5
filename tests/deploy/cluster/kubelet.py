"""The stand-in for the kubelet, the scheduler and kube-proxy: looks at the API server and does what they would."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.cluster.api import Api, ApiRefused, JsonObject
from tests.deploy.cluster.image import Image
from tests.deploy.cluster.network import Network
from tests.deploy.cluster.pod import Pod
from tests.deploy.cluster.service import Endpoint, ServiceProxies

_NODE = "node"
_TICK = 0.2


class Kubelet(threading.Thread):
    """Runs every pod of the cluster."""

    def __init__(self, api: Api, image: Image, network: Network, folder: Path) -> None:
        super().__init__(name="kubelet", daemon=True)
        self._api = api
        self._image = image
        self._network = network
        self._folder = folder
        self._pods: dict[str, Pod] = {}
        self._services = ServiceProxies()
        self._ready: dict[tuple[str, str], list[Endpoint]] = {}
        self._hosts = ""
        self._over = threading.Event()
        self.failure: BaseException | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Runs for as long as it is entered; a defect of the stand-in fails the test."""
        self._api.post("/api/v1/nodes", {"metadata": {"name": _NODE, "labels": {"kubernetes.io/hostname": _NODE}}})
        self.start()
        try:
            yield
        finally:
            self._over.set()
            self.join(10)
            for pod in self._pods.values():
                pod.end()
            for pod in self._pods.values():
                pod.join(30)
            self._services.close()
        if self.failure is not None:
            raise AssertionError("the stand-in for the kubelet failed") from self.failure

    def run(self) -> None:
        """The thread's life."""
        while not self._over.wait(_TICK):
            try:
                self._look_at_services()
                self._look_at_pods()
            except ApiRefused:
                continue  # an object that changed under our hands; the next look sees it as it is
            except BaseException as failure:  # noqa: BLE001 - handed to the test
                self.failure = failure
                return

    def _look_at_pods(self) -> None:
        documents = self._api.items("/api/v1/pods")
        for document in documents:
            metadata = document["metadata"]
            known = self._pods.get(metadata["uid"])
            if "deletionTimestamp" in metadata:
                if known is None:
                    self._api.delete_now(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}")
                elif known.is_alive():
                    known.end()
                else:
                    self._api.delete_now(known.path)
            elif known is None:
                self._begin(document)

    def _begin(self, document: JsonObject) -> None:
        metadata = document["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if not document["spec"].get("nodeName"):
            target = {"apiVersion": "v1", "kind": "Node", "name": _NODE}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
            self._api.post(f"{path}/binding", binding)
        pod = Pod(self._api, document, self._image, self._network, self._folder, lambda: self._hosts)
        self._pods[metadata["uid"]] = pod
        pod.start()

    def _endpoints(self, service: tuple[str, str]) -> list[Endpoint]:
        return self._ready.get(service, [])

    def _look_at_services(self) -> None:
        ready: dict[tuple[str, str], list[Endpoint]] = {}
        for piece in self._api.items("/apis/discovery.k8s.io/v1/endpointslices"):
            key = piece["metadata"]["namespace"], piece["metadata"]["labels"]["kubernetes.io/service-name"]
            ports = [port["port"] for port in piece.get("ports") or ()]
            for endpoint in piece.get("endpoints") or ():
                if endpoint.get("conditions", {}).get("ready"):
                    addresses = [(address, port) for address in endpoint["addresses"] for port in ports[:1]]
                    ready.setdefault(key, []).extend(addresses)
        self._ready = ready
        hosts = ["127.0.0.1 localhost"]
        for service in self._api.items("/api/v1/services"):
            address = service["spec"].get("clusterIP", "None")
            if address == "None" or not service["spec"].get("selector"):
                continue
            key = service["metadata"]["namespace"], service["metadata"]["name"]
            hosts.append(f"{address} {key[1]}.{key[0]}.svc")
            self._network.add_service_address(address)
            port = service["spec"]["ports"][0]["port"]
            self._services.forward((address, port), functools.partial(self._endpoints, key))
        self._hosts = "\n".join(hosts) + "\n"

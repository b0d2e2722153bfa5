"""etcd, the API server and the controllers, each a process of its own, on free ports of 127.0.0.1."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.deploy.cluster.api import Api, ApiRefused
from tests.deploy.parts import installed

_START = 120.0
"""Seconds for the API server on a busy machine; six on a quiet one."""

_CONTROLLERS = "deployment,replicaset,serviceaccount,endpointslice,namespace,garbagecollector,job,disruption"
SERVICE_NETWORK = "10.0.0.0/24,fd00:10::/112"


@contextlib.contextmanager
def control_plane(binaries: Path, folder: Path) -> Iterator[tuple[Api, Path]]:
    """Runs them.

    Args:
        binaries: Where kube-apiserver and kube-controller-manager are.
        folder: For their data, certificates and logs.

    Yields:
        A client, and the path of a kubeconfig for kubectl and Helm.
    """
    etcd, peer, secure, controllers = _free_ports(4)
    token = secrets.token_hex(16)
    tokens = folder / "tokens.csv"
    tokens.write_text(f"{token},admin,admin,system:masters\n")
    key = folder / "service-accounts.key"
    subprocess.run([installed("openssl", "openssl"), "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    api = Api(secure, token, folder / "certificates/apiserver.crt")
    kubeconfig = _kubeconfig(folder, secure, token)
    with contextlib.ExitStack() as processes:
        url = f"http://127.0.0.1:{etcd}"
        arguments: list[str | Path] = [
            "--data-dir",
            folder / "etcd",
            "--listen-client-urls",
            url,
            "--advertise-client-urls",
            url,
        ]
        peers = f"http://127.0.0.1:{peer}"
        arguments += ["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]
        arguments += ["--initial-cluster", f"default={peers}", "--unsafe-no-fsync"]
        processes.enter_context(_process(installed("etcd", "etcd-server"), arguments, folder / "etcd.log"))
        processes.enter_context(
            _process(
                binaries / "kube-apiserver",
                [
                    f"--etcd-servers={url}",
                    f"--cert-dir={folder / 'certificates'}",
                    f"--secure-port={secure}",
                    "--bind-address=127.0.0.1",
                    "--advertise-address=127.0.0.1",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    f"--service-account-key-file={key}",
                    f"--service-account-signing-key-file={key}",
                    f"--token-auth-file={tokens}",
                    "--authorization-mode=RBAC",
                    f"--service-cluster-ip-range={SERVICE_NETWORK}",
                    "--endpoint-reconciler-type=none",
                    "--disable-admission-plugins=ServiceAccount",
                ],
                folder / "apiserver.log",
            )
        )
        _until_ready(api, folder / "apiserver.log")
        processes.enter_context(
            _process(
                binaries / "kube-controller-manager",
                [
                    f"--kubeconfig={kubeconfig}",
                    f"--controllers={_CONTROLLERS}",
                    "--leader-elect=false",
                    "--bind-address=127.0.0.1",
                    f"--secure-port={controllers}",
                ],
                folder / "controllers.log",
            )
        )
        yield api, kubeconfig


def _until_ready(api: Api, log: Path) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ApiRefused, ValueError):
            api.get("/api/v1/namespaces/kube-system")
            return
        time.sleep(0.2)
    raise AssertionError(f"the API server is not ready after {_START:g} s; see {log}")


def _kubeconfig(folder: Path, port: int, token: str) -> Path:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
        "current-context": "tests",
    }
    path = folder / "kubeconfig.json"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


@contextlib.contextmanager
def _process(command: Path, arguments: Sequence[str | Path], log: Path) -> Iterator[None]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [command, *arguments], stdout=stream, stderr=stream, env={"PATH": os.environ["PATH"]}
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

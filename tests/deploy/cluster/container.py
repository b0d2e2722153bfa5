"""One container: the image's files under bubblewrap, as the numeric user that the pod names, without capabilities."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.cluster.api import JsonObject
from tests.deploy.cluster.image import Image
from tests.deploy.parts import installed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod's containers share.

    Attributes:
        image: The image that every container runs.
        network: The pod's network namespace.
        hosts: The pod's /etc/hosts.
        volumes: Each volume's folder, by name.
        user: The uid and gid.
    """

    image: Image
    network: str
    hosts: Path
    volumes: dict[str, Path]
    user: tuple[int, int]


class Container:
    """A process that runs, or has run."""

    def __init__(self, spec: JsonObject, around: Surroundings, environment: dict[str, str], log: Path) -> None:
        self.name: str = spec["name"]
        self._stream = log.open("ab")
        self._process = subprocess.Popen(
            _command(spec, around, environment), stdout=self._stream, stderr=self._stream, start_new_session=True
        )

    @property
    def exit_code(self) -> int | None:
        """How it ended; ``None`` while it runs."""
        code = self._process.poll()
        return None if code is None else code if code >= 0 else 128 - code

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        self._process.wait()
        self._stream.close()
        code = self.exit_code
        assert code is not None
        return code

    def terminate(self, seconds: float) -> None:
        """SIGTERM to the container's own process, and SIGKILL to what is left when the time is over."""
        for process in _innermost(self._process.pid):
            os.kill(process, signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait()


def _command(spec: JsonObject, around: Surroundings, environment: dict[str, str]) -> list[str]:
    uid, gid = map(str, around.user)
    command = ["ip", "netns", "exec", around.network]
    command += [
        "setpriv",
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        "--no-new-privs",
        str(installed("bwrap", "bubblewrap")),
    ]
    command += ["--unshare-user", "--uid", uid, "--gid", gid, "--unshare-ipc", "--die-with-parent", "--cap-drop", "ALL"]
    root = "--ro-bind" if spec.get("securityContext", {}).get("readOnlyRootFilesystem") else "--bind"
    command += [root, str(around.image.rootfs), "/", "--proc", "/proc", "--dev", "/dev"]
    command += ["--ro-bind", str(around.hosts), "/etc/hosts"]
    for mount in spec.get("volumeMounts", ()):
        kind = "--ro-bind" if mount.get("readOnly") else "--bind"
        command += [kind, str(around.volumes[mount["name"]]), mount["mountPath"]]
    command += ["--clearenv"]
    for name, value in {**around.image.environment, **environment}.items():
        command += ["--setenv", name, value]
    run = spec.get("command") or list(around.image.entrypoint)
    arguments = spec.get("args") if "args" in spec or "command" in spec else list(around.image.command)
    return [*command, "--", *run, *(arguments or ())]


def _innermost(pid: int) -> list[int]:
    """The processes that bubblewrap runs: they are what the kubelet would send a signal to."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        return []  # it has ended
    return [leaf for child in below for leaf in _innermost(child)] if below else [pid]

"""What the suite has once: the image, and a cluster that runs it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.cluster.control_plane import control_plane
from tests.deploy.cluster.image import Image, unpack
from tests.deploy.cluster.kubelet import Kubelet
from tests.deploy.cluster.network import Network
from tests.deploy.crds import install_crds
from tests.deploy.image_build import built
from tests.deploy.parts import kubernetes_binaries
from tests.deploy.release import Cluster


@pytest.fixture(scope="session")
def archive() -> Path:
    """The built image, as an OCI archive."""
    # An `xdist_group` would say so if pytest-xdist 3.8 still grouped anything under pytest 9.2.
    assert "PYTEST_XDIST_WORKER" not in os.environ, "run with -n0: there is one image, and one cluster on this machine"
    return built()


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that users other than root may enter: pytest closes its own."""
    with tempfile.TemporaryDirectory(prefix="idp-bridge-deploy-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def image(archive: Path, open_folder: Path) -> Image:
    """The same, unpacked."""
    return unpack(archive, open_folder)


@pytest.fixture(scope="session")
def cluster(image: Image, open_folder: Path) -> Iterator[Cluster]:
    """A cluster whose pods run the image, with the CRDs that the chart can use."""
    planes, pods = open_folder / "control-plane", open_folder / "pods"
    planes.mkdir(mode=0o700)
    pods.mkdir()
    with contextlib.ExitStack() as stack:
        api, kubeconfig = stack.enter_context(control_plane(kubernetes_binaries(), planes))
        network = stack.enter_context(Network().up())
        stack.enter_context(Kubelet(api, image, network, pods).running())
        running = Cluster(api, kubeconfig, pods)
        install_crds(running)
        yield running

"""What the suite has once: the image, and a cluster that runs it."""

import contextlib
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
    return built()


@pytest.fixture(scope="session")
def image(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The same, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    # Read by users that are not root.
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)
    return unpack(archive, folder)


@pytest.fixture(scope="session")
def cluster(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose pods run the image, with the CRDs that the chart can use."""
    folder = tmp_path_factory.mktemp("cluster")
    folder.chmod(0o755)
    for name in ("control-plane", "pods"):
        (folder / name).mkdir()
    with contextlib.ExitStack() as stack:
        api, kubeconfig = stack.enter_context(control_plane(kubernetes_binaries(), folder / "control-plane"))
        network = stack.enter_context(Network().up())
        stack.enter_context(Kubelet(api, image, network, folder / "pods").running())
        running = Cluster(api, kubeconfig)
        install_crds(running)
        yield running

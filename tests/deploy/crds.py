"""The definitions of other people's kinds, from the Go modules that publish them."""

import json
import os
import subprocess
from pathlib import Path

from tests.deploy.parts import installed
from tests.deploy.release import Cluster

_MODULES = {
    "sigs.k8s.io/gateway-api@v1.6.1": ["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": [
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ],
    "github.com/kedacore/keda/v2@v2.21.0": ["config/crd/bases/keda.sh_scaledobjects.yaml"],
}


def install_crds(cluster: Cluster) -> None:
    """Has the API server know HTTPRoute, ServiceMonitor, PrometheusRule and ScaledObject."""
    for module, files in _MODULES.items():
        folder = _downloaded(module)
        for file in files:
            cluster.kubectl("apply", "--server-side", "--filename", str(folder / file))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def _downloaded(module: str) -> Path:
    go = installed("go", "golang")
    done = subprocess.run(
        [go, "mod", "download", "-json", module],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
    )
    found = json.loads(done.stdout or "{}")
    if "Dir" not in found:
        raise AssertionError(f"{module} cannot be had: {found.get('Error') or done.stderr[-500:]}")
    return Path(found["Dir"])

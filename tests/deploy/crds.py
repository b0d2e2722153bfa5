"""The definitions of other people's kinds, from the Go modules that publish them."""

from tests.deploy.parts import go_module
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
        folder = go_module(module)
        for file in files:
            cluster.kubectl("apply", "--server-side", "--filename", str(folder / file))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")

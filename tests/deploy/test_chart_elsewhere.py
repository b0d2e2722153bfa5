"""The chart as a part of others' work: a dependency of another chart, and under Kustomize."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, MINIMAL, documents, only, rendered
from tests.deploy.parts import clients

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(180)]  # the first run downloads Helm


def test_as_a_dependency_it_can_be_switched_off_and_shares_globals(tmp_path: Path) -> None:
    """The strict schema allows what a parent chart gives its dependencies."""
    parent = tmp_path / "shop"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts/idp-bridge").symlink_to(CHART)
    dependency = {"name": "idp-bridge", "version": "0.1.0", "condition": "idp-bridge.enabled"}
    chart = {"apiVersion": "v2", "name": "shop", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(chart))
    own = yaml.safe_load(MINIMAL.read_text()) | {"enabled": True}
    (parent / "values.yaml").write_text(
        yaml.safe_dump({"global": {"imageRegistry": "r.example", "storageClass": "x"}, "idp-bridge": own})
    )
    for on in (True, False):
        command: list[str | Path] = [
            clients("4").helm,
            "template",
            "r",
            parent,
            "--set",
            f"idp-bridge.enabled={str(on).lower()}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        kinds = {each["kind"] for each in documents(done.stdout)}
        assert ("Deployment" in kinds) is on
        assert ("r.example/" in done.stdout) is on


def test_kustomize_takes_what_helm_rendered(tmp_path: Path) -> None:
    """Names that refer to each other are changed together."""
    objects = rendered(MINIMAL)
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))
    (tmp_path / "kustomization.yaml").write_text("resources: [all.yaml]\nnamePrefix: eu-\n")
    done = subprocess.run([clients("4").kubectl, "kustomize", tmp_path], capture_output=True, text=True, check=True)
    again = list(documents(done.stdout))
    pod = only(again, "Deployment")["spec"]["template"]["spec"]
    assert pod["volumes"][0]["configMap"]["name"] == only(again, "ConfigMap")["metadata"]["name"]


@pytest.mark.parametrize("generation", ["3", "4"])
def test_kustomize_inflates_the_chart_itself(tmp_path: Path, generation: str) -> None:
    """By ``helmCharts``, with either Helm: the same objects as Helm's own."""
    shutil.copy(MINIMAL, tmp_path / "values.yaml")
    chart = {"name": "idp-bridge", "releaseName": "chat", "namespace": "support", "valuesFile": "values.yaml"}
    kustomization = {"helmGlobals": {"chartHome": str(CHART.parent)}, "helmCharts": [chart]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    ours = clients(generation)
    command: list[str | Path] = [ours.kubectl, "kustomize", "--enable-helm", "--helm-command", ours.helm, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert kinds_and_names(documents(done.stdout)) == kinds_and_names(rendered(MINIMAL, generation=generation))


def kinds_and_names(objects: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """What is there, in an order of its own."""
    return sorted((each["kind"], each["metadata"]["name"]) for each in objects)

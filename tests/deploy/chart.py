"""The chart as Helm renders it."""

import json
import subprocess
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.parts import clients

CHART = Path(__file__).parents[2] / "charts/idp-bridge"
FEATURES = sorted((CHART / "ci").glob("*-values.yaml"))
"""A file of values for each feature."""

MINORS = ("1.35", "1.36", "1.37")
"""The versions of Kubernetes whose schemas judge."""

MINIMAL = CHART / "ci/minimal-values.yaml"


class Refused(Exception):
    """Helm refused the values; the text is what it printed."""


def rendered(
    *values: Path, release: str = "chat", generation: str = "4", changes: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The objects that Helm makes of the chart.

    Args:
        values: Files of values.
        release: The release's name.
        generation: Helm 3 or Helm 4.
        changes: Further values, laid over the files'.

    Raises:
        Refused: Helm said no.
    """
    command: list[str | Path] = [clients(generation).helm, "template", release, CHART, "--namespace", "support"]
    for path in values:
        command += ["--values", path]
    text = json.dumps(dict(changes or {}))
    done = subprocess.run([*command, "--values", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return list(documents(done.stdout))


def judged(document: dict[str, Any], *minors: str) -> None:
    """Raises where these versions of Kubernetes would not take the object, by the schemas that they publish."""
    # Not at the top: only the group `deploy` has it, and every run of pytest reads this file.
    from kubernetes_validate import latest_version, validate

    assert latest_version().startswith(MINORS[-1]), "a newer Kubernetes is known: move MINORS"
    for minor in minors or MINORS[-1:]:
        validate(document, minor, strict=True)


class _Strict(yaml.SafeLoader):
    """Takes no map with a name twice: kubectl, Kustomize and Flux refuse one, Helm takes the later without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        assert len(set(names)) == len(names), f"a name stands twice: {names}"
        return super().construct_mapping(node, deep)


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a stream of YAML documents."""
    for document in yaml.load_all(text, _Strict):
        if document:
            yield document


def only(objects: list[dict[str, Any]], kind: str, suffix: str = "") -> dict[str, Any]:
    """The one object of a kind whose name ends so."""
    found = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, [each["metadata"]["name"] for each in found]
    return found[0]

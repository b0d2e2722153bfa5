"""The release workflow runs on GitHub alone: here its steps are read, and those that need nothing of it are run."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.image_build import ROOT

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(60)]

_WORKFLOW = ROOT / ".github/workflows/release.yaml"
_DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def steps() -> list[dict[str, Any]]:
    """What the job does, in order."""
    steps: list[dict[str, Any]] = yaml.safe_load(_WORKFLOW.read_text())["jobs"]["release"]["steps"]
    return steps


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the steps read and change."""
    for name in ("Dockerfile", "bridge/__init__.py", "charts/idp-bridge/Chart.yaml", "charts/idp-bridge/values.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(step: dict[str, Any], folder: Path, *, until: str = "", **variables: str) -> tuple[int, dict[str, str]]:
    """A step's exit status and the variables that it hands on; ``until`` cuts it before a line that needs a network."""
    script = step["run"].partition(until)[0] if until else step["run"]
    exported = folder / "exported"
    exported.touch()
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "GITHUB_ENV": str(exported), **variables}
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=folder, env=environment, check=False)
    return done.returncode, dict(line.split("=", 1) for line in exported.read_text().splitlines())


def named(steps: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """The step whose name has these words."""
    [step] = [each for each in steps if words in each.get("name", "")]
    return step


def test_every_script_is_one(steps: list[dict[str, Any]]) -> None:
    """By the shell's own parser."""
    scripts = [each["run"] for each in steps if "run" in each]
    assert len(scripts) >= 6
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", re.sub(r"\$\{\{.*?\}\}", "x", script)], check=True)


@pytest.mark.parametrize(("tag", "status"), [("right", 0), ("v9.9.9", 1)])
def test_a_tag_must_be_the_version_that_is_everywhere(
    steps: list[dict[str, Any]], checkout: Path, tag: str, status: int
) -> None:
    """Of the sources, the chart, and the image that the chart installs."""
    version = yaml.safe_load((checkout / "charts/idp-bridge/Chart.yaml").read_text())["appVersion"]
    ended, exported = run(
        named(steps, "The tag is the version"), checkout, GITHUB_REF_NAME=tag.replace("right", f"v{version}")
    )
    assert (ended, exported) == (status, {"VERSION": version} if status == 0 else {})


def test_the_base_is_pinned_by_digest(steps: list[dict[str, Any]], checkout: Path) -> None:
    """The Dockerfile's own base, with the digest that the registry has for it, and the image is built on that."""
    docker = checkout / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\ntest "$3" = inspect && echo {_DIGEST}\n')
    docker.chmod(0o755)
    ended, exported = run(named(steps, "The base by its digest"), checkout)
    [base] = re.findall(r"^ARG BASE=(\S+)$", (checkout / "Dockerfile").read_text(), re.MULTILINE)
    assert (ended, exported) == (0, {"BASE": f"{base}@{_DIGEST}"})
    [build] = [each["with"] for each in steps if each.get("id") == "image"]
    assert "BASE=${{ env.BASE }}" in build["build-args"].split("\n")
    assert build["platforms"] == "linux/amd64,linux/arm64"


def test_the_chart_is_released_with_the_image_by_its_digest(steps: list[dict[str, Any]], checkout: Path) -> None:
    """The one that was pushed a moment before."""
    ended, _ = run(named(steps, "The chart"), checkout, until="helm package", DIGEST=_DIGEST)
    assert ended == 0
    assert yaml.safe_load((checkout / "charts/idp-bridge/values.yaml").read_text())["image"]["digest"] == _DIGEST


def test_image_and_chart_are_signed_with_provenance_and_parts(steps: list[dict[str, Any]]) -> None:
    """What the comparison in the chart's README says of it."""
    scripts = "\n".join(each.get("run", "") for each in steps)
    for words in ('cosign sign --yes "$image"', "cosign attest --yes --type cyclonedx", "charts/idp-bridge@$pushed"):
        assert words in scripts
    assert [each for each in steps if each.get("uses", "").startswith("actions/attest-build-provenance@")]

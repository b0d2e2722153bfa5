"""The image's bill of materials, CycloneDX 1.5, from the lockfile: what the Dockerfile's ``uv sync`` installs.

``python -m tests.deploy.sbom FILE`` writes it; ``.ci/run`` and the release workflow do.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bridge import __version__
from tests.deploy.parts import installed

_ROOT = Path(__file__).parents[2]


def sbom() -> dict[str, Any]:
    """The document."""
    uv = os.environ.get("UV") or installed("uv", "pipx && pipx install uv")
    extras = ["--extra", "cel", "--extra", "valkey", "--extra", "otel"]
    command = [uv, "export", "--quiet", "--frozen", "--no-dev", *extras, "--format", "cyclonedx1.5"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    document["metadata"]["component"]["version"] = __version__  # which the lockfile leaves open
    return document


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(sbom(), indent=2) + "\n")

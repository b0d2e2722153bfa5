"""The import contracts of pyproject.toml, and what static imports do not show."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_flow_runs_one_way() -> None:
    """Every contract of [tool.importlinter] is kept; a module without a place fails it."""
    run = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_service_never_loads_the_demo() -> None:
    """What serves visitors has no demo identity provider in it."""
    code = "import sys, bridge.server.run; print([name for name in sys.modules if name.startswith('bridge.demo')])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_test_issuer_knows_nothing_of_the_bridge() -> None:
    """One bug cannot stand on both sides: the adversary shares no code with what it attacks."""
    code = "import sys, tests.issuer.server, tests.issuer.mint; print({n.split('.')[0] for n in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(run.stdout)).isdisjoint({"bridge", "joserfc", "authlib"})


def test_tests_mirror_modules() -> None:
    """A reader who knows a module's name knows where its tests are."""
    modules = {path.relative_to(ROOT / "bridge") for path in (ROOT / "bridge").rglob("*.py")}
    free = {
        "conftest.py",
        "test_flow.py",
        "test_architecture.py",
        "test_docs.py",
        "test_packaging.py",
        "test_bridge_process.py",
        "test_warm_python.py",
    }
    free |= {"test_capabilities.py", "test_documented_examples.py", "test_located_messages.py", "test_remembering.py"}
    folders = {path.name for path in (ROOT / "bridge").iterdir() if path.is_dir()}
    for test in (ROOT / "tests").rglob("test_*.py"):
        place = test.relative_to(ROOT / "tests")
        if (len(place.parts) == 1 or place.parts[0] in folders) and place.name not in free:
            mirrored = place.with_name(place.name.removeprefix("test_"))
            assert mirrored in modules, f"{place} mirrors no module"

"""A part that is missing is a failure, with a sentence that says how to get it."""

from pathlib import Path

import pytest

from tests.deploy import parts

pytestmark = pytest.mark.deploy


def test_a_program_that_is_not_installed() -> None:
    """The command to type, and no test that is passed over."""
    with pytest.raises(AssertionError, match=r"no-such-program is missing: apt-get install .* no-such-package"):
        parts.installed("no-such-program", "no-such-package")


def test_kubernetes_that_nobody_can_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a cache nor Go: where Go is to be had."""
    (tmp_path / "bin").mkdir()
    for command in ("bash", "env"):
        (tmp_path / "bin" / command).symlink_to(parts.installed(command, command))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(AssertionError, match=r"Go is missing: it builds kube-apiserver .*https://go\.dev/dl"):
        parts.kubernetes_binaries()


def test_a_module_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, with what Go says of it."""
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(AssertionError, match=r"example\.invalid/none@v1\.0\.0 cannot be had"):
        parts.go_module("example.invalid/none@v1.0.0")

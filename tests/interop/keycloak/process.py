"""Keycloak itself, from Maven Central, as a process with one realm that visitors can log in at."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.made_once import made_once

HERE = Path(__file__).parent
VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
"""Of the distribution, so that what is run is what was looked at."""

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
_ADMIN = "admin-of-the-interop-tests"
_START = 180.0
"""Seconds; 12 on an idle machine, a minute on a busy one."""


def install() -> Path:
    """The folder of the distribution, downloaded once and kept outside the repository.

    Raises:
        AssertionError: Java or Maven is missing, or the download failed: the sentence says what to do.
    """
    assert shutil.which("java") is not None, "The interop tests run a real Keycloak: install Java 17 or newer."
    return made_once(f"keycloak-{VERSION}", _download)


def _download(scratch: Path) -> Path:
    maven = shutil.which("mvn")
    assert maven is not None, "The interop tests get Keycloak from Maven Central: install Maven (mvn)."
    get = [maven, "-q", "-B", _PLUGIN, f"-Dartifact={_ARTIFACT}", "-Dtransitive=false"]
    get.append(f"-Dmaven.repo.local={scratch}/maven")
    ended = subprocess.run(get, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, f"mvn failed: is Maven Central within reach?\n{ended.stdout}{ended.stderr}"
    [archive] = scratch.rglob("keycloak-quarkus-dist-*.zip")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert found == SHA256, f"Keycloak {VERSION} from Maven Central is another file than before: {found}"
    shutil.unpack_archive(archive, scratch)
    fresh = scratch / f"keycloak-{VERSION}"
    fresh.joinpath("bin", "kc.sh").chmod(0o755)  # a zip's modes are not unpacked
    return fresh


class Keycloak:
    """A server on a free port of this machine, its database in memory, with the realm of ``realm.json``.

    Args:
        log: A file that takes its output.

    Attributes:
        issuer: The realm's.
    """

    def __init__(self, *, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self._log = log
        realm = json.loads((HERE / "realm.json").read_text("utf-8"))
        self.issuer = f"{self._url}/realms/{realm['realm']}"
        environment = {
            "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN,
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
            "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
        }
        command = [str(install() / "bin" / "kc.sh"), "start-dev", "--db=dev-mem", f"--http-port={port}"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--http-host=127.0.0.1"],
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
                start_new_session=True,  # kc.sh has children of its own
            )
        try:
            self._wait()
            self._post("/admin/realms", realm, self._token("master", "admin-cli", _ADMIN, _ADMIN)["access_token"])
        except BaseException:
            self.stop()
            raise

    def log_in(self, client: str, user: str = "huong", *, scope: str = "openid") -> Mapping[str, str]:
        """What the token endpoint gives an application for a visitor, by the password grant (RFC 6749 section 4.3)."""
        realm = self.issuer.rpartition("/")[2]
        return self._token(realm, client, user, "a-password-of-the-tests", scope=scope)

    def log_out(self, client: str, refresh_token: str) -> None:
        """Ends the visitor's session."""
        form = urllib.parse.urlencode({"client_id": client, "refresh_token": refresh_token}).encode()
        urllib.request.urlopen(f"{self.issuer}/protocol/openid-connect/logout", form, timeout=30).close()

    def stop(self) -> None:
        """Ends it."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # nothing of it is to be kept
            self._process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START
        while True:
            try:
                urllib.request.urlopen(f"{self._url}/realms/master", timeout=5).close()
            except OSError:
                assert self._process.poll() is None, f"Keycloak ended:\n{self._log.read_text()}"
                assert time.monotonic() < deadline, f"Keycloak was not ready in {_START:g} s:\n{self._log.read_text()}"
                time.sleep(0.2)
            else:
                return

    def _token(self, realm: str, client: str, user: str, password: str, **more: str) -> dict[str, str]:
        fields = {"grant_type": "password", "client_id": client, "username": user, "password": password, **more}
        url = f"{self._url}/realms/{realm}/protocol/openid-connect/token"
        with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
            given: dict[str, str] = json.load(answer)
        return given

    def _post(self, path: str, body: Any, token: str) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{self._url}{path}", json.dumps(body).encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"Keycloak refuses the realm: {refusal} {refusal.read().decode()}") from refusal

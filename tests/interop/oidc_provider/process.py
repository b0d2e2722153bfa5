"""npm's ``oidc-provider``, certified by the OpenID Foundation, as a process that a visitor can log in at."""

import base64
import hashlib
import html
import json
import re
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

from tests.made_once import made_once

HERE = Path(__file__).parent
CALLBACK = "http://127.0.0.1/signed-in"
"""Where the shop's own site would take the code; nothing listens there."""


@dataclass(frozen=True)
class Client:
    """An application registered at the provider.

    Attributes:
        algorithm: What its tokens are signed with.
        lifetime: Seconds for which they are good.
        metadata: What else is registered of it (RFC 7591 section 2).
    """

    id: str
    algorithm: str
    lifetime: int = 600
    secret: str = "a-client-secret-of-the-interop-tests"
    redirect: str = CALLBACK
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tokens:
    """What the provider's token endpoint gave."""

    access_token: str
    id_token: str


def install() -> Path:
    """The folder in which the provider is installed, outside the repository, one for each content of the lock file.

    Raises:
        AssertionError: Node or npm is missing, or ``npm ci`` failed: the sentence says what to do.
    """
    npm = shutil.which("npm")
    assert npm is not None, (
        "The interop tests run a real OpenID provider on Node.js: install node (20 or newer) and npm."
    )
    assert shutil.which("node") is not None, "npm is here, but node is not: install Node.js, version 20 or newer."
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]

    def download(scratch: Path) -> Path:
        fresh = scratch / "package"
        fresh.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, fresh)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        ended = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, f"npm ci failed: is the npm registry within reach?\n{ended.stderr}"
        return fresh

    return made_once(f"oidc-provider-{digest}", download)


class OidcProvider:
    """The provider on a free port of this machine.

    Args:
        clients: Its applications.
        visitors: Claims by subject; the subject is what is typed into the login form.
        log: A file that takes its output.
    """

    def __init__(self, *, clients: Sequence[Client], visitors: Mapping[str, Mapping[str, Any]], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.issuer = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._clients = {client.id: client for client in clients}
        self._visitors = visitors
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it with new signing keys; returns when it answers."""
        configuration = {
            "issuer": self.issuer,
            "clients": [asdict(client) for client in self._clients.values()],
            "visitors": self._visitors,
        }
        # A module that comes by standard input finds its imports from the working directory.
        command = ["node", "--input-type=module", "-", json.dumps(configuration)]
        with (HERE / "provider.mjs").open("rb") as module, self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=install(), stdin=module, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, f"oidc-provider ended:\n{self._log.read_text()}"
            assert time.monotonic() < deadline, f"oidc-provider did not answer in 30 s:\n{self._log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=5):
                return True
        except OSError:
            return False

    async def log_in(self, subject: str, client_id: str, *, resource: str | None = None) -> Tokens:
        """Logs a visitor in by the authorization code flow, as his browser and the shop's server would.

        Every page is the provider's own: forms are sent as they came, filled in (OpenID Connect Core section 3.1, with
        RFC 7636's S256).

        Args:
            subject: Who logs in.
            client_id: At which application.
            resource: The API that the access token is for (RFC 8707): then it is a JWT (RFC 9068), else opaque.
        """
        client = self._clients[client_id]
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        indicator = {"resource": resource} if resource else {}
        request = {
            "client_id": client.id,
            "response_type": "code",
            "scope": "openid profile email phone tier chat",
            "redirect_uri": client.redirect,
            **indicator,
            "state": state,
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
            .rstrip(b"=")
            .decode(),
            "code_challenge_method": "S256",
        }
        browser = aiohttp.CookieJar(unsafe=True)  # "unsafe" is aiohttp's word for cookies of an IP address
        async with aiohttp.ClientSession(cookie_jar=browser, raise_for_status=True) as http:
            answer = await http.get(f"{self.issuer}/auth", params=request, allow_redirects=False)
            while not answer.headers.get("Location", "").startswith(client.redirect):
                if answer.status == 200:  # the login form, then the consent form
                    action, fields = _filled_in(await answer.text(), subject)
                    answer = await http.post(urljoin(str(answer.url), action), data=fields, allow_redirects=False)
                else:
                    target = urljoin(str(answer.url), answer.headers["Location"])
                    answer = await http.get(target, allow_redirects=False)
            returned = parse_qs(urlsplit(answer.headers["Location"]).query)
            assert returned.get("state") == [state], f"the login failed: {returned}"
            grant = {
                "grant_type": "authorization_code",
                "code": returned["code"][0],
                "redirect_uri": client.redirect,
                "code_verifier": verifier,
                **indicator,
            }
            answer = await http.post(f"{self.issuer}/token", data=grant, headers=self._basic(client.id))
            given = await answer.json()
        return Tokens(given["access_token"], given["id_token"])

    async def introspect_signed(self, token: str, client_id: str) -> tuple[str, bytes]:
        """Media type and body of what introspection says to a client that wants it signed (RFC 9701 section 4)."""
        headers = {"Accept": "application/token-introspection+jwt", **self._basic(client_id)}
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            answer = await http.post(f"{self.issuer}/token/introspection", data={"token": token}, headers=headers)
            return answer.content_type, await answer.read()

    async def userinfo_type(self, token: str) -> str:
        """Media type of what userinfo says."""
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            return (await http.get(f"{self.issuer}/me", headers=headers)).content_type

    async def revoke(self, token: str, client_id: str) -> None:
        """Ends a token (RFC 7009)."""
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            await http.post(f"{self.issuer}/token/revocation", data={"token": token}, headers=self._basic(client_id))

    async def jwks(self) -> bytes:
        """Its key set."""
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            return await (await http.get(f"{self.issuer}/jwks")).read()

    def _basic(self, client_id: str) -> dict[str, str]:
        """How a client proves who it is (RFC 6749 section 2.3.1)."""
        return {"Authorization": aiohttp.encode_basic_auth(client_id, self._clients[client_id].secret)}


def _filled_in(page: str, subject: str) -> tuple[str, dict[str, str]]:
    """Where a page's form goes and what it carries: its hidden fields, and a login with any password where it asks."""
    form = re.search(r"<form[^>]* action=\"([^\"]+)\".*?</form>", page, re.DOTALL)
    assert form is not None, f"a page without a form: {page}"
    hidden = re.findall(r"<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"", form[0])
    fields = {name: html.unescape(value) for name, value in hidden}
    if 'name="login"' in form[0]:
        fields |= {"login": subject, "password": "any"}
    return html.unescape(form[1]), fields

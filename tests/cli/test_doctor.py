"""``idp-bridge doctor``, as a person and as a program run it."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.command import SECRET, Ran, invoke
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer

CONFIG = """\
version: 1
callback: {{header_token: {{env: CXGENIE_HEADER_TOKEN}}}}
providers: {{shop: {{issuer: "{issuer}", audience: {audience}}}}}
"""


async def doctor(folder: Path, issuer: str, *arguments: str, audience: str = "chat") -> Ran:
    """The command, in a thread, because it has an event loop of its own."""
    (folder / "bridge.yaml").write_text(CONFIG.format(issuer=issuer, audience=audience))
    return await asyncio.to_thread(invoke, "doctor", "--config", "bridge.yaml", *arguments, cwd=folder)


async def test_a_good_provider(tmp_path: Path, issuer: Issuer) -> None:
    """Every check is shown, and nothing is wrong."""
    ran = await doctor(tmp_path, issuer.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("provider shop\n  ok      dns: 127.0.0.1 has an address\n")
    assert ran.out.endswith("Nothing is wrong.\n")


async def test_a_finding_and_its_cure(tmp_path: Path, issuer: Issuer) -> None:
    """What was found, why it matters, what to type; status 1."""
    ran = await doctor(tmp_path, f"{issuer.url}/")
    assert ran.status == 1
    assert f"FINDING issuer: the provider spells itself {issuer.url}\n" in ran.out
    assert f"          Write issuer: {issuer.url}\n" in ran.out
    assert ran.out.endswith("1 finding\n")
    as_json = await doctor(tmp_path, f"{issuer.url}/", "--json")
    said = json.loads(as_json.out)
    assert (as_json.status, said["ok"]) == (1, False)
    assert [each["check"] for each in said["checks"] if each["grade"] == "finding"] == ["issuer"]


@pytest.mark.parametrize(("audience", "status"), [("chat", 0), ("other", 1)])
async def test_a_sample_token(tmp_path: Path, issuer: Issuer, audience: str, status: int) -> None:
    """From a file, and never shown."""
    token = good_token(issuer.url)
    (tmp_path / "token").write_text(token + "\n")
    ran = await doctor(tmp_path, issuer.url, "--token-file", "token", audience=audience)
    assert ran.status == status
    assert "the sample token is" in ran.out
    assert token not in ran.out
    assert SECRET not in ran.out


async def test_without_a_usable_configuration_it_cannot_tell(tmp_path: Path) -> None:
    """Status 2, and the file's problems."""
    ran = await doctor(tmp_path, "nonsense")
    assert (ran.status, ran.out) == (2, "")
    assert "bridge.yaml:3:20: providers.shop.issuer: " in ran.err

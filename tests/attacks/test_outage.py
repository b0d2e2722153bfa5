"""A restart in the middle of an outage: what was kept serves, and nobody else's keys come in that way."""

import json
from pathlib import Path
from typing import Any

from tests.attacks.attack import signed
from tests.bridge_process import ACCEPTED, RunningBridge, StartBridge, configuration, provider
from tests.eventually import eventually
from tests.issuer.keys import jwks, public_jwk
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer

KIND = ["discovery_500", "metadata_500", "jwks_500"]


def config(issuer: Issuer, folder: Path, **jwks_members: Any) -> dict[str, Any]:
    """One provider whose keys are kept."""
    times = {"refresh": "1s", "cooldown": "1s", **jwks_members}
    return configuration(providers={"p": provider(issuer.url, jwks=times)}, state_dir=str(folder / "state"))


def kept(folder: Path) -> Path:
    """The file that is kept of the provider."""
    return folder / "state" / "keys" / "p.json"


def until_kept(bridge: RunningBridge, folder: Path) -> Path:
    """Waits for a ready bridge to have kept its keys."""
    bridge.wait_until_ready()
    eventually(kept(folder).exists)
    return kept(folder)


def test_a_restart_in_an_outage_keeps_nobody_out(issuer: Issuer, start_bridge: StartBridge, tmp_path: Path) -> None:
    """K10, O07: killed half-way, the next process serves from its first call on; it heals, and a retired key goes."""
    realm = issuer.realm("kept")
    first = start_bridge(config(realm, tmp_path))
    until_kept(first, tmp_path)
    realm.set(fault=KIND)
    assert first.post(good_token(realm.url)).code is ACCEPTED
    first.kill()
    second = start_bridge(config(realm, tmp_path))
    assert second.post(good_token(realm.url)).code is ACCEPTED
    assert second.post(signed("ES256", "ec256", kid="new")(realm.url)).code == "provider_unavailable"
    second.wait_until_ready()
    second.next_line("kept keys serve")
    realm.set(fault=[], jwks=jwks("ec256"))
    eventually(lambda: second.post(good_token(realm.url)).code == "token_invalid")
    assert second.post(signed("ES256", "ec256")(realm.url)).code is ACCEPTED


def test_without_a_state_dir_it_would(issuer: Issuer, start_bridge: StartBridge) -> None:
    """The twin: a process that starts in an outage knows no keys."""
    realm = issuer.realm("forgotten")
    config = configuration(realm.url)
    first = start_bridge(config)
    first.wait_until_ready()
    assert first.post(good_token(realm.url)).code is ACCEPTED
    realm.set(fault=KIND)
    first.kill()
    assert start_bridge(config).post(good_token(realm.url)).code == "provider_unavailable"


def test_what_is_kept_ages_on(issuer: Issuer, start_bridge: StartBridge, tmp_path: Path) -> None:
    """K03, K10: keep_stale counts from the last good fetch, whatever restarts; then nobody is let in."""
    realm = issuer.realm("ageing")
    settings = config(realm, tmp_path, keep_stale="3s")
    first = start_bridge(settings)
    until_kept(first, tmp_path)
    realm.set(fault=KIND)
    first.kill()
    second = start_bridge(settings)
    eventually(lambda: second.post(good_token(realm.url)).code == "provider_unavailable")
    second.kill()
    third = start_bridge(settings)
    assert third.post(good_token(realm.url)).code == "provider_unavailable"
    third.next_line("jwks.keep_stale is 3 s")


def test_a_planted_key_is_not_believed(issuer: Issuer, start_bridge: StartBridge, tmp_path: Path) -> None:
    """K16: whoever can write to the folder, but has no header token, gets no key in; his file is told, and replaced."""
    realm = issuer.realm("planted")
    settings = config(realm, tmp_path)
    first = start_bridge(settings)
    file = until_kept(first, tmp_path)
    realm.set(fault=KIND)
    first.kill()
    codes, _, body = file.read_bytes().partition(b"\n")
    document = json.loads(body)
    document["keys"] = [public_jwk("rsa2")]
    file.write_bytes(codes + b"\n" + json.dumps(document).encode())
    second = start_bridge(settings)
    assert second.post(signed("RS256", "rsa2")(realm.url)).code == "provider_unavailable"
    second.next_line("its kept key set is ignored")
    realm.set(fault=[])
    eventually(lambda: second.post(good_token(realm.url)).code is ACCEPTED)
    assert second.post(signed("RS256", "rsa2")(realm.url)).code in {"token_invalid", "provider_unavailable"}
    eventually(lambda: public_jwk("rsa2")["n"] not in file.read_text())

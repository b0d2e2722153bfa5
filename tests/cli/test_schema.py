"""``idp-bridge schema``."""

from pathlib import Path

from tests.cli.command import ROOT, invoke


def test_it_is_the_shipped_schema(tmp_path: Path) -> None:
    """Byte for byte what an example's first line leads an editor to."""
    ran = invoke("schema", cwd=tmp_path)
    assert (ran.status, ran.out) == (0, (ROOT / "config" / "bridge.schema.json").read_text("utf-8"))

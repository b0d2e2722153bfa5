"""Request ids: taken over where well-formed, else made."""

import pytest

from bridge.server.request_id import RequestIds


@pytest.mark.parametrize("untrusted", [b"a", b"01J8ZQ", b"A-b_c.9", b"x" * 64])
def test_a_well_formed_id_is_kept(untrusted: bytes) -> None:
    """So that a caller finds its own name in our log."""
    ids = RequestIds(lambda: "p")
    assert ids.accept(untrusted) == untrusted.decode()
    assert ids.of([(b"host", b"a"), (b"x-request-id", untrusted)]) == untrusted.decode()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-request-id", b"")],
        [(b"x-request-id", b"x" * 65)],
        [(b"x-request-id", b"a\n")],
        [(b"x-request-id", b"a b")],
        [(b"x-request-id", b"\xff")],
        [(b"x-request-id", b"a"), (b"x-request-id", b"b")],
    ],
)
def test_any_other_is_replaced(headers: list[tuple[bytes, bytes]]) -> None:
    """Missing, malformed or repeated: one of ours."""
    assert RequestIds(lambda: "p").of(headers) == "p-00000001"


def test_ids_are_distinct() -> None:
    """Within a process by a number, between processes by chance."""
    ids = RequestIds()
    made = [ids.new() for _ in range(3)] + [RequestIds().new()]
    assert len(set(made)) == 4
    assert all(len(one) == 21 for one in made)

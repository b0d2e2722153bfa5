"""bridge/token_uses.py: how often a token came, within bounds."""

from bridge.token_uses import USE_BYTES, TokenUses


def test_counts_each_token_by_itself() -> None:
    """From one."""
    uses = TokenUses(max_bytes=10_000)
    assert [uses.count(digest) for digest in (b"a", b"b", b"a", b"a")] == [1, 1, 2, 3]


def test_forgets_the_one_that_came_longest_ago() -> None:
    """However often it came before."""
    uses = TokenUses(max_bytes=2 * USE_BYTES)
    assert [uses.count(digest) for digest in (b"a", b"b", b"a", b"c", b"a", b"b")] == [1, 1, 2, 1, 3, 1]

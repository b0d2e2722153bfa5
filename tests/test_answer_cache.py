"""bridge/answer_cache.py: bounded in number, bytes and age."""

import pytest

from bridge.answer_cache import AnswerCache
from bridge.chat_user import ChatUser

USER = ChatUser(id="u1", name="Nguyễn Văn An")


class Clock:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.time


def cache(clock: Clock, *, max_entries: int = 10, max_bytes: int = 10_000_000, max_age: float = 300.0) -> AnswerCache:
    """A cache on that clock."""
    return AnswerCache(max_entries=max_entries, max_bytes=max_bytes, max_age=max_age, now=clock)


def put(
    answers: AnswerCache, key: bytes, *, expires_at: float = 9999.0, user: ChatUser = USER, callback: str = "default"
) -> None:
    """Keeps one answer."""
    answers.put((callback, key), user, provider="p", revision="r", expires_at=expires_at)


def test_gives_back_what_was_put() -> None:
    """The same token at the same callback has its answer; another callback's name has none."""
    answers = cache(Clock())
    put(answers, b"1")
    entry = answers.get(("default", b"1"))
    assert entry is not None
    assert (entry.user, entry.provider, entry.revision) == (USER, "p", "r")
    assert answers.get(("staff", b"1")) is None


@pytest.mark.parametrize(("expires_at", "lives"), [(1100.0, 100.0), (9999.0, 300.0)], ids=["token's expiry", "max_age"])
def test_dies_with_its_token_or_of_age(expires_at: float, lives: float) -> None:
    """Whichever is first; at that very second it is dead."""
    clock = Clock()
    answers = cache(clock)
    put(answers, b"1", expires_at=expires_at)
    clock.time += lives - 1
    assert answers.get(("default", b"1")) is not None
    clock.time += 1
    assert answers.get(("default", b"1")) is None


def test_keeps_nothing_that_is_already_dead() -> None:
    """A token that is accepted within its leeway is not kept past its expiry."""
    answers = cache(Clock())
    put(answers, b"1", expires_at=999.0)
    assert answers.get(("default", b"1")) is None


def test_bounds_the_number() -> None:
    """max_entries holds however small the entries are; the least recently used goes first."""
    answers = cache(Clock(), max_entries=3)
    for key in (b"1", b"2", b"3"):
        put(answers, key)
    answers.get(("default", b"1"))
    put(answers, b"4")
    assert [key for key in (b"1", b"2", b"3", b"4") if answers.get(("default", key))] == [b"1", b"3", b"4"]


def test_bounds_the_bytes() -> None:
    """max_bytes holds however few the entries are, and one that is larger than all is not kept."""
    large = ChatUser(id="u1", avatar="https://a.example/" + "a" * 2000)
    answers = cache(Clock(), max_entries=1000, max_bytes=6000)
    for key in (b"1", b"2", b"3"):
        put(answers, key, user=large)
    assert [key for key in (b"1", b"2", b"3") if answers.get(("default", key))] == [b"2", b"3"]
    put(answers, b"4", user=ChatUser(id="u1", avatar="a" * 10_000))
    assert answers.get(("default", b"4")) is None


def test_can_be_switched_off() -> None:
    """max_entries: 0 keeps nothing."""
    answers = cache(Clock(), max_entries=0)
    put(answers, b"1")
    assert answers.get(("default", b"1")) is None

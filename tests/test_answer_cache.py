"""bridge/answer_cache.py: bounded in number, bytes and age."""

import gc
import tracemalloc

import pytest

from bridge.answer_cache import AnswerCache, CacheKey, Entry
from bridge.chat_user import ChatUser, Phone
from bridge.errors import TokenInactive
from bridge.provenance import Provenance

PROVENANCE = Provenance(issuer="https://login.shop.example", subject="s1", client="web-shop", issued_at=None)
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
    return AnswerCache(max_entries=max_entries, max_bytes=max_bytes, max_age=max_age, refused_age=10.0, now=clock)


def key(digest: bytes, *, callback: str = "default", decides: bytes = b"as it is") -> CacheKey:
    """The key of one token."""
    return callback, digest, decides


def put(answers: AnswerCache, digest: bytes, *, expires_at: float = 9999.0, user: ChatUser = USER) -> None:
    """Keeps one answer."""
    answers.put(key(digest), Entry(user, "p", PROVENANCE, "r", expires_at))


def test_gives_back_what_was_put() -> None:
    """The same token at the same callback has its answer; another callback, or another configuration, has none."""
    answers = cache(Clock())
    put(answers, b"1")
    entry = answers.get(key(b"1"))
    assert entry is not None
    assert (entry.user, entry.provider, entry.provenance, entry.revision) == (USER, "p", PROVENANCE, "r")
    assert answers.get(key(b"1", callback="staff")) is None
    assert answers.get(key(b"1", decides=b"as it was")) is None
    assert (answers.hits, answers.misses, answers.entries) == (1, 2, 1)
    assert answers.bytes > 0


def test_says_what_it_keeps() -> None:
    """What goes to other replicas has the end that it has here."""
    entry = cache(Clock()).put(key(b"1"), Entry(USER, "p", PROVENANCE, "r", 9999.0))
    assert entry.expires_at == 1300.0


@pytest.mark.parametrize(("expires_at", "lives"), [(1100.0, 100.0), (9999.0, 300.0)], ids=["token's expiry", "max_age"])
def test_dies_with_its_token_or_of_age(expires_at: float, lives: float) -> None:
    """Whichever is first; at that very second it is dead."""
    clock = Clock()
    answers = cache(clock)
    put(answers, b"1", expires_at=expires_at)
    clock.time += lives - 1
    assert answers.get(key(b"1")) is not None
    clock.time += 1
    assert answers.get(key(b"1")) is None


def test_keeps_nothing_that_is_already_dead() -> None:
    """A token that is accepted within its leeway is not kept past its expiry."""
    answers = cache(Clock())
    put(answers, b"1", expires_at=999.0)
    assert answers.get(key(b"1")) is None


def test_bounds_the_number() -> None:
    """max_entries holds however small the entries are; the least recently used goes first."""
    answers = cache(Clock(), max_entries=3)
    for each in (b"1", b"2", b"3"):
        put(answers, each)
    answers.get(key(b"1"))
    put(answers, b"4")
    assert [each for each in (b"1", b"2", b"3", b"4") if answers.get(key(each))] == [b"1", b"3", b"4"]


def test_bounds_the_bytes() -> None:
    """max_bytes holds however few the entries are, and one that is larger than all is not kept."""
    large = ChatUser(id="u1", avatar="https://a.example/" + "a" * 2000)
    answers = cache(Clock(), max_entries=1000, max_bytes=10_000)  # 7500 of them for answers
    for each in (b"1", b"2", b"3"):
        put(answers, each, user=large)
    assert [each for each in (b"1", b"2", b"3") if answers.get(key(each))] == [b"2", b"3"]
    put(answers, b"4", user=ChatUser(id="u1", avatar="a" * 10_000))
    assert answers.get(key(b"4")) is None


def test_can_be_switched_off() -> None:
    """max_entries: 0 keeps nothing, refusals included."""
    answers = cache(Clock(), max_entries=0)
    put(answers, b"1")
    assert answers.get(key(b"1")) is None
    answers.refusals.put(key(b"1"), TokenInactive())
    assert answers.refusals.get(key(b"1")) is None


def test_distinct_tokens_take_what_was_allowed() -> None:
    """O08: good and bad, all parts together, by the interpreter's own books: what lies fallow is left room for."""
    allowed = 2_000_000
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        answers = cache(Clock(), max_entries=10**6, max_bytes=allowed)
        for number in range(20_000):  # ten times as many as there is room for
            digest = number.to_bytes(32)
            user = ChatUser(id=f"u{number}", name=f"Nguyễn Văn {number}", phone=Phone("+84", f"0{number}", f"{number}"))
            put(answers, digest, user=user)
            answers.refusals.put(key(digest), TokenInactive(f"number {number}", hint="Ask again."))
            answers.uses.count(digest)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert allowed / 2 < taken < allowed

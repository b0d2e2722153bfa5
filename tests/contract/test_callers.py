"""bridge/contract/callers.py: whose address counts, and whether it may call."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract.callers import MOST_HOPS, Callers, network_problems
from bridge.errors import CallerUnauthorized

PROXIES = ("10.0.0.0/8", "2001:db8:ffff::/48")
CXGENIE = ("203.0.113.0/24", "2001:db8:1::/48", "198.51.100.7")

PROXY, OTHER_PROXY, CALLER, STRANGER = "10.0.0.1", "10.0.0.2", "203.0.113.9", "192.0.2.66"


def callers(allowed: Sequence[str] = CXGENIE, proxies: Sequence[str] = PROXIES) -> Callers:
    """CX Genie's networks behind two proxies."""
    return Callers(allowed, proxies)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param(CALLER, [], CALLER, id="straight"),
        pytest.param(STRANGER, [CALLER], STRANGER, id="a stranger's header is not believed"),
        pytest.param(PROXY, [CALLER], CALLER, id="a proxy's is"),
        pytest.param(PROXY, [], PROXY, id="a proxy that says nothing"),
        pytest.param(PROXY, [f"{CALLER}, {STRANGER}"], STRANGER, id="what a stranger wrote before it is not"),
        pytest.param(PROXY, [f"{CALLER}, {OTHER_PROXY}"], CALLER, id="two proxies"),
        pytest.param(PROXY, [f"{STRANGER}, {CALLER}, {OTHER_PROXY}"], CALLER, id="the first that is no proxy"),
        pytest.param(PROXY, [CALLER, STRANGER], STRANGER, id="two headers are one list, in their order"),
        pytest.param(PROXY, [STRANGER, CALLER], CALLER, id="and the other way round"),
        pytest.param(PROXY, [OTHER_PROXY], OTHER_PROXY, id="nothing but proxies: the farthest"),
        pytest.param(PROXY, [f"\t{CALLER} \t"], CALLER, id="blanks around it"),
        pytest.param(PROXY, [f"{CALLER}:4711"], CALLER, id="with its port"),
        pytest.param(PROXY, ["[2001:db8:1::9]:4711"], "2001:db8:1::9", id="IPv6 with its port"),
        pytest.param(PROXY, ["[2001:db8:1::9]"], "2001:db8:1::9", id="IPv6 in brackets"),
        pytest.param(PROXY, ["2001:db8:1::9"], "2001:db8:1::9", id="IPv6"),
        pytest.param(f"::ffff:{PROXY}", [CALLER], CALLER, id="IPv4 inside IPv6 is a proxy"),
        pytest.param(PROXY, [f"::ffff:{CALLER}"], CALLER, id="IPv4 inside IPv6 is a caller"),
        pytest.param("2001:db8:ffff::1", [CALLER], CALLER, id="an IPv6 proxy"),
        pytest.param(PROXY, [f"{CALLER}, unknown"], PROXY, id="RFC 7239's unknown"),
        pytest.param(PROXY, [f"{CALLER},"], PROXY, id="an empty entry"),
        pytest.param(PROXY, [""], PROXY, id="an empty header"),
        pytest.param(PROXY, [f"{CALLER}, _hidden"], PROXY, id="a name"),
        pytest.param(PROXY, [f"{CALLER}, 203.0.113.9.1"], PROXY, id="five numbers"),
        pytest.param(PROXY, [f"{CALLER}, 0313.0.113.9"], PROXY, id="an octal number"),
        pytest.param(PROXY, [f"{CALLER}, \u0663"], PROXY, id="a digit of another script"),
        pytest.param(PROXY, [f'for="{CALLER}"'], PROXY, id="the syntax of Forwarded"),
        pytest.param(PROXY, [", ".join([CALLER] + [OTHER_PROXY] * (MOST_HOPS - 1))], CALLER, id="a long chain"),
        pytest.param(PROXY, [", ".join([CALLER] + [OTHER_PROXY] * MOST_HOPS)], OTHER_PROXY, id="longer than any"),
        pytest.param(None, [CALLER], None, id="a connection without an address"),
        pytest.param("", [CALLER], None, id="or with an empty one"),
    ],
)
def test_the_address_that_counts(peer: str | None, forwarded: list[str], address: str | None) -> None:
    """From the right, past trusted proxies only; a header that cannot be read says nothing."""
    found = callers().address(peer, [value.encode("utf-8") for value in forwarded])
    assert (None if found is None else str(found)) == address


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8:1::9", True),
        ("2001:db8:2::9", False),
        ("::ffff:203.0.113.9", True),
        ("fe80::1%eth0", False),
        ("10.0.0.1", False),
        (None, False),
    ],
)
def test_who_is_allowed(address: str | None, allowed: bool) -> None:
    """Inside one of the networks, and nobody else; a trusted proxy is not a caller."""
    if allowed:
        callers().check(address, [])
    else:
        with pytest.raises(CallerUnauthorized):
            callers().check(address, [])


def test_the_log_learns_the_address_and_the_key_to_change() -> None:
    """Either the caller is to be allowed, or whoever spoke for him is to be believed."""
    with pytest.raises(CallerUnauthorized) as refused:
        callers().check(STRANGER, [])
    assert f"{STRANGER} is not in allow_from" in refused.value.detail
    assert f"add {STRANGER} to this callback's allow_from" in refused.value.hint
    with pytest.raises(CallerUnauthorized) as refused:
        callers(proxies=()).check(PROXY, [(b"x-forwarded-for", CALLER.encode())])
    assert f"if {PROXY} is a proxy of yours, add it to server.trusted_proxies" in refused.value.hint
    with pytest.raises(CallerUnauthorized) as refused:
        callers().check(PROXY, [(b"x-forwarded-for", STRANGER.encode())])
    assert f"add {STRANGER} to this callback's allow_from" in refused.value.hint


def test_forwarded_is_not_read() -> None:
    """A proxy that writes one of the two headers passes the other on as its caller wrote it."""
    with pytest.raises(CallerUnauthorized):
        callers().check(PROXY, [(b"forwarded", f"for={CALLER}".encode())])


@given(st.one_of(st.none(), st.sampled_from([PROXY, CALLER]), st.text(max_size=30)), st.lists(st.binary(max_size=60)))
def test_whatever_stands_there_is_an_address_or_none(peer: str | None, forwarded: list[bytes]) -> None:
    """Nothing escapes, and a stranger's own address cannot be changed by what he writes."""
    address = callers().address(peer, forwarded)
    if peer == CALLER:
        assert str(address) == CALLER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("203.0.113.0/24", None),
        ("203.0.113.9", None),
        ("2001:db8::/32", None),
        ("::1", None),
        ("10.0.0.0/255.0.0.0", None),
        ("203.0.113.9/24", "an address inside a network"),
        ("2001:db8::1/32", "an address inside a network"),
        ("0.0.0.0/0", "every address there is"),
        ("::/0", "every address there is"),
        ("0.0.0.0/0.0.0.0", "every address there is"),
        ("::ffff:203.0.113.0/120", "an IPv4 address inside IPv6"),
        ("::ffff:203.0.113.9", "an IPv4 address inside IPv6"),
        ("cxgenie.example", "not a network"),
        ("203.0.113.0/33", "not a network"),
        ("203.0.113", "not a network"),
        ("203.0.113.0-203.0.113.9", "not a network"),
        ("", "not a network"),
        (" 203.0.113.9", "not a network"),
    ],
)
def test_networks(text: str, found: str | None) -> None:
    """What is taken, and what is refused with the reason."""
    problems = list(network_problems(["192.0.2.0/24", text], ("allow_from",), "why"))
    assert [(problem.path, problem.found) for problem in problems] == ([(("allow_from", 1), found)] if found else [])
    if found is None:
        callers(allowed=[text])

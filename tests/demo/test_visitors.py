"""The people of the demo."""

from bridge.demo.visitors import VISITORS


def test_the_cast_shows_every_case() -> None:
    """One VIP, one unverified address, one without a number, one Vietnamese number; subjects are nobody else's."""
    people = list(VISITORS.values())
    assert [visitor.key for visitor in people if "vip" in visitor.roles] == ["grace"]
    assert [visitor.key for visitor in people if not visitor.profile["email_verified"]] == ["marco"]
    assert [visitor.key for visitor in people if "phone_number" not in visitor.profile] == ["amelie"]
    assert VISITORS["an"].name == "Nguyễn Văn An"
    assert VISITORS["an"].profile["phone_number"] == "+84901234567"
    assert len({visitor.subject for visitor in people}) == len(people)


def test_an_unproven_address_is_not_expected() -> None:
    """What anybody could have typed in is not what CX Genie should be told."""
    for visitor in VISITORS.values():
        assert ("email" in visitor.chat_user) == visitor.profile["email_verified"]
        assert ("phone_number" in visitor.chat_user) == ("phone_number" in visitor.profile)

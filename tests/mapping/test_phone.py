"""Phone numbers as providers write them -> the two forms of one number, or none."""

from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.chat_user import Phone
from bridge.mapping.phone import PhoneUnfit, _drops_the_zero, read_phone, region_of

VIETNAM = Phone("+84", "0901234567", "901234567")


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("+84901234567", {}),
        ("+84 90 123 45 67", {}),
        ("+84 (0) 90 123 4567", {}),
        ("(+84) 90-123.45/67", {}),
        (" +84901234567 ", {}),
        ("tel:+84-90-123-4567", {}),
        ("TEL:+84901234567;ext=5", {}),
        ("+84901234567 ext. 12", {}),
        ("+84901234567 x5", {}),
        ("0901234567", {"region": "VN"}),
        ("090 123 4567", {"region": "VN"}),
        ("901234567", {"region": "VN"}),
        ("84901234567", {"region": "VN"}),
        ("0084901234567", {"region": "VN"}),
        ("+84901234567", {"region": "US"}),
        ("84901234567", {"international": True}),
        ("+84901234567", {"international": True}),
        ("901234567", {"region": "VN", "national": True}),
        ("0901234567", {"region": "VN", "national": True}),
        ("+84901234567", {"region": "VN", "national": True}),
    ],
)
def test_vietnamese(written: str, options: dict[str, Any]) -> None:
    """However a number is written, it is the same number: its trunk prefix and calling code (IDPS.md section 4)."""
    assert read_phone(written, **options) == VIETNAM


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("", {}),
        ("+", {}),
        ("-", {}),
        ("0901234567", {}),
        ("84901234567", {}),
        ("+8490123456789012", {}),
        ("+84" + "9" * 40, {}),
        ("+" * 65, {}),
        ("+84+901234567", {}),
        ("84+901234567", {"region": "VN"}),
        ("++84901234567", {}),
        ("+84 90 123 456a", {}),
        ("+84 90 CALL NOW", {}),
        ("+84\uff19\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17", {}),
        ("+٨٤٩٠١٢٣٤٥٦٧", {}),
        ("\uff0b84901234567", {}),
        ("+84901234567\n", {}),
        ("+84\t901234567", {}),
        ("+84\u00a0901234567", {}),
        ("+84901234567;phone-context=+84", {}),
        ("+84901234567;ext=", {}),
        ("+84901234567,+84901234568", {}),
        ("sip:+84901234567", {}),
        ("+9990123456", {}),
        ("0901234567", {"region": "US"}),
        ("0901234567", {"international": True}),
        ("+16502530000", {"region": "VN", "national": True}),
        ("+80012345678", {}),
    ],
)
def test_none(written: str, options: dict[str, Any]) -> None:
    """Anything but a valid number in ASCII digits and separators is absent, and the reason tells no digit of it."""
    with pytest.raises(PhoneUnfit) as unfit:
        read_phone(written, **options)
    assert not set(str(unfit.value)) & set("0123456789")


@pytest.mark.parametrize(
    ("written", "national"),
    [
        ("+5491123456789", "0111523456789"),
        ("+375294911911", "80294911911"),
        ("+3612345678", "0612345678"),
        ("+390236618300", "0236618300"),
        ("+393123456789", "3123456789"),
        ("+79123456789", "89123456789"),
        ("+77012345678", "87012345678"),
        ("+525512345678", "5512345678"),
        ("+5511961234567", "11961234567"),
        ("+16502530000", "6502530000"),
        ("+18765551234", "8765551234"),
        ("+447400123456", "07400123456"),
        ("+441534456789", "01534456789"),
        ("+33612345678", "0612345678"),
        ("+4915123456789", "015123456789"),
        ("+819012345678", "09012345678"),
        ("+8613123456789", "13123456789"),
        ("+919876543210", "09876543210"),
        ("+6591234567", "91234567"),
        ("+48512345678", "512345678"),
    ],
)
def test_trunk_prefix(written: str, national: str) -> None:
    """The national form is what is dialled inside the country: 06 in Hungary, 8 in Russia, nothing in Italy."""
    phone = read_phone(written)
    assert (phone.national, phone.e164) == (national, written)


FORMS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize("region", REGIONS)
def test_every_country(region: str) -> None:
    """Each example number of each country comes back the same from both of its forms, written in any way."""
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        for form in FORMS:
            phone = read_phone(phonenumbers.format_number(number, form), region=region)
            assert phone.e164 == e164
            assert phone.national.isdigit()
            main = phonenumbers.region_code_for_country_code(int(phone.country_code))
            assert phonenumbers.parse(phone.national, main) == number
        assert read_phone(e164, identity=True).e164 == e164


@pytest.mark.parametrize(
    ("written", "options", "accepted"),
    [
        ("+84901234567", {}, True),
        ("+84 90-123 (45) 67", {}, True),
        ("+84 (0) 90 123 4567", {}, False),
        ("+840901234567", {}, False),
        ("+84901234567;ext=1", {}, False),
        ("+84901234567 x1", {}, False),
        ("0901234567", {"region": "VN"}, True),
        ("(0)901234567", {"region": "VN"}, True),
        ("84901234567", {"region": "VN"}, True),
        ("84901234567", {"international": True}, True),
        ("840901234567", {"international": True}, False),
        ("650 253 0000", {"region": "US"}, True),
        ("131 2345 6789", {"region": "CN"}, False),
        ("+8613123456789", {"region": "CN"}, True),
        ("131 2345 6789", {"region": "CN", "national": True}, True),
        ("80294911911", {"region": "BY"}, True),
    ],
)
def test_identity(written: str, options: dict[str, Any], accepted: bool) -> None:
    """As identity a writing has one meaning: no extension, nothing that may be dropped, no other country's number."""
    phone = read_phone(written, **options)
    if accepted:
        assert read_phone(written, identity=True, **options) == phone
    else:
        with pytest.raises(PhoneUnfit):
            read_phone(written, identity=True, **options)


@pytest.mark.parametrize(
    ("code", "region"),
    [
        ("VN", "VN"), ("vn", "VN"), ("84", "VN"), ("+84", "VN"), (" +84 ", "VN"), ("1", "US"), ("+7", "RU"),
        ("XX", None), ("", None), ("+", None), ("999", None), ("800", None), ("٨٤", None), ("84a", None),
        ("\u2164N", None),
    ],
)  # fmt: skip
def test_region_of(code: str, region: str | None) -> None:
    """A country is named by two letters or by its calling code; codes of no country have no national numbers."""
    assert region_of(code) == region


digits = st.text("0123456789", max_size=20)
written_numbers = st.one_of(
    st.text(max_size=70),
    st.text("+0123456789 -./()extl:;=#", max_size=24),
    st.builds("+{}{}".format, st.sampled_from(["84", "1", "7", "39", "375", "54", "52"]), digits),
    digits,
)


@given(
    written=written_numbers, region=st.sampled_from([None, "VN", "US", "IT", "BY", "AR"]), international=st.booleans()
)
def test_any_text(written: str, region: str | None, international: bool) -> None:
    """Any text is a number that its forms lead back to, or none; what identifies is a part of what is a number."""
    try:
        phone = read_phone(written, region=region, international=international)
    except PhoneUnfit:
        with pytest.raises(PhoneUnfit):
            read_phone(written, region=region, international=international, identity=True)
        return
    assert read_phone(phone.e164) == phone
    main = phonenumbers.region_code_for_country_code(int(phone.country_code))
    assert read_phone(phone.national, region=main) == phone


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.from_regex("[1-9][0-9]{4,11}", fullmatch=True))
def test_a_zero_that_is_dropped(region: str, significant: str) -> None:
    """Where the library is not asked to parse the national form, it would have given just that number."""
    if _drops_the_zero(region, "0" + significant):
        assert phonenumbers.parse("0" + significant, region).national_number == int(significant)


def test_zeros_of_every_country() -> None:
    """The same for example numbers of every kind, with digits changed; and not where a zero means more."""
    asked = 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            digits = phonenumbers.national_significant_number(example) if example else "0"
            for changed in (digits, digits[:-2] + "00", digits[:3] + "9" * (len(digits) - 3), digits[:-1]):
                if _drops_the_zero(region, "0" + changed):
                    asked += 1
                    parsed = phonenumbers.parse("0" + changed, region)
                    assert phonenumbers.national_significant_number(parsed) == changed
    assert asked > 1000
    assert not _drops_the_zero("IT", "0612345678")
    assert not _drops_the_zero("VN", "00901234567")
    assert not _drops_the_zero("JP", "0103012345678")
    assert not _drops_the_zero("US", "02015550123")

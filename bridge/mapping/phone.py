"""A written phone number -> ``Phone``, or why not (CONFIG.md, "The targets"; THREATS.md M09).

The numbering plans are the phone-number library's. What is decided here: which characters may be written, and that
the national form dialled in the main country of its calling code is the same number again. As identity one writing
must have one meaning: a number that could be read as two would hand one visitor's chat to another.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from bridge.chat_user import Phone

MAX_WRITTEN: Final = 64
"""Characters: digits, their separators and an extension."""

MAX_DIGITS: Final = 20
"""Digits, as many as the library reads: a calling code of 3, and 17 where a plan exceeds E.164's 15 in all."""

# RFC 3966 "tel:" and ";ext=", and how people write an extension. Digits are ASCII: str.isdigit() knows other scripts.
_WRITTEN = re.compile(
    r" *(?:tel:)?(?P<number>[-+0-9 ./()]++)(?P<extension>(?:;ext=|(?:ext(?:ension)?[.:]?|x|#) *)[0-9]{1,15} *)?",
    re.ASCII | re.IGNORECASE,
)
_SEPARATORS = str.maketrans("", "", " -./()")
_OPTIONAL_ZERO = re.compile(r"\( *0 *\)")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_CALLING_CODE = re.compile(r"\+?([0-9]{1,3})", re.ASCII)


class PhoneUnfit(ValueError):
    """Not a phone number that can be given; its text says why, without the number."""


def is_region(text: str) -> bool:
    """Whether this is a country that has a numbering plan, in ISO 3166's two capital letters."""
    return text in phonenumbers.SUPPORTED_REGIONS


def region_of(code: str) -> str | None:
    """The region of an ISO 3166 country, or a calling code's main one: ``VN``, ``vn``, ``84``, ``+84`` give ``VN``."""
    code = code.strip(" ")
    if code.isascii() and is_region(code.upper()):
        return code.upper()
    match = _CALLING_CODE.fullmatch(code)
    region = phonenumbers.region_code_for_country_code(int(match[1])) if match else ""
    return region if is_region(region) else None


def read_phone(
    written: str,
    *,
    region: str | None = None,
    international: bool = False,
    national: bool = False,
    identity: bool = False,
) -> Phone:
    """The number that is written there.

    Args:
        written: What the provider says.
        region: The country (ISO 3166) of numbers without a plus sign.
        international: Numbers without a plus sign begin with the calling code all the same.
        national: The number is known to be one of ``region``, without its calling code.
        identity: Refuse an extension, and digits that could be read as two different numbers.

    Raises:
        PhoneUnfit: No valid number, or none whose national form leads back to it.
    """
    match = _WRITTEN.fullmatch(written) if len(written) <= MAX_WRITTEN else None
    if match is None:
        raise PhoneUnfit("characters that no phone number has")
    if identity and match["extension"]:
        raise PhoneUnfit("an extension: several people share that number")
    digits = match["number"].translate(_SEPARATORS)
    if digits.startswith("+"):
        digits, dialled_in = digits[1:], None
    elif international:
        dialled_in = None
    elif region is None:
        raise PhoneUnfit("no plus sign, and no country is known whose national number it could be")
    else:
        dialled_in = region
    if not digits or "+" in digits or len(digits) > MAX_DIGITS:
        raise PhoneUnfit("no digits, too many, or a plus sign that does not lead them")
    number = _international(digits) if dialled_in is None else _dialled(digits, dialled_in)
    if number is None:
        raise PhoneUnfit("no valid number")
    if national and region is not None and number.country_code != phonenumbers.country_code_for_region(region):
        raise PhoneUnfit("a number of another country than the one beside it")
    phone = _phone(number, digits, dialled_in)
    if identity:
        shortened = _OPTIONAL_ZERO.sub("", match["number"]).translate(_SEPARATORS).removeprefix("+")
        readings = {phone.e164, *_readings(digits, shortened, dialled_in, national=national)}
        if len(readings) > 1:
            raise PhoneUnfit("digits that can be read as another number too")
    return phone


def _parsed(digits: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, region)
    except NumberParseException:
        return None


def _dialled(digits: str, region: str | None) -> PhoneNumber | None:
    """The valid number that somebody reaches who dials these digits in a region."""
    number = _parsed(digits, region)
    return number if number is not None and phonenumbers.is_valid_number(number) else None


def _international(digits: str) -> PhoneNumber | None:
    """The valid number that these digits mean behind a plus sign.

    First as E.164 defines it, which spares most visitors the library's parser; then as people write it, with a trunk
    prefix that the parser drops.
    """
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:  # they are prefix-free: at most one fits
            return _number(code, digits[length:]) or _dialled("+" + digits, None)
    return None


def _number(code: int, significant: str) -> PhoneNumber | None:
    """The valid number of a calling code and a national significant number, zeros at its front included."""
    if not significant:
        return None
    zeros = min(len(significant) - len(significant.lstrip("0")), len(significant) - 1)
    number = PhoneNumber(
        country_code=code,
        national_number=int(significant),
        italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
    return number if phonenumbers.is_valid_number(number) else None


def _phone(number: PhoneNumber, digits: str, region: str | None) -> Phone:
    """The forms of a valid number, which was read from these digits, dialled in a region if there is one.

    The national form is the library's, not a zero before the rest: Hungary dials 06, Russia 8, Italy's zero belongs to
    the number, Argentina's mobiles have a 15 inside.
    """
    national = _NOT_DIGITS.sub("", phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    main = phonenumbers.region_code_for_country_code(number.country_code or 0)
    significant = phonenumbers.national_significant_number(number)
    plain = national == "0" + significant and _drops_the_zero(main, national)
    if not plain and (national, main) != (digits, region) and _parsed(national, main) != number:
        raise PhoneUnfit("a number whose national form does not lead back to it")
    return Phone(f"+{number.country_code}", national, significant)


def _drops_the_zero(region: str, national: str) -> bool:
    """Whether the library's parser takes the zero off this national number of a region and changes nothing else.

    Then a number behind its zero is itself again, and parsing it to see that would double the time of most visitors.
    """
    plan = _zero_plan(region)
    if plan is None or national.startswith("00"):
        return False
    abroad, numbers, lengths = plan
    # It would read digits for a call abroad first, and keep a zero without which there is no number of the region.
    return len(national) - 1 in lengths and not abroad.match(national) and numbers.fullmatch(national, 1) is not None


@cache
def _zero_plan(region: str) -> tuple[re.Pattern[str], re.Pattern[str], frozenset[int]] | None:
    """Prefixes for calls abroad, numbers and their lengths of a region whose trunk prefix is just a zero."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if plan is None or plan.national_prefix_for_parsing != "0" or plan.national_prefix_transform_rule:
        return None
    numbers = plan.general_desc
    if numbers is None or numbers.national_number_pattern is None or plan.international_prefix is None:
        return None
    return (
        re.compile(plan.international_prefix),
        re.compile(numbers.national_number_pattern),
        frozenset(numbers.possible_length),
    )


def _readings(digits: str, shortened: str, region: str | None, *, national: bool) -> Iterator[str]:
    """Every number, in E.164, that somebody could read there; ``shortened`` are the digits without any "(0)"."""
    if region is None:
        # Behind a plus sign stand the calling code and the national significant number (ITU-T E.164), and nothing that
        # a reader may keep or drop: "+84 (0) 90" is two numbers.
        yield "+" + digits
        others = [_dialled("+" + digits, None), _international(shortened) if shortened else None]
    else:
        # The first digits may be a trunk prefix or belong to the number; and a plus sign may have been left out.
        code = phonenumbers.country_code_for_region(region)
        others = [
            _number(code, digits),
            _dialled(shortened, region),
            None if national else _dialled("+" + digits, None),
        ]
    for number in others:
        if number is not None:
            yield phonenumbers.format_number(number, PhoneNumberFormat.E164)

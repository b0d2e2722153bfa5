"""The rules of each field of the chat user (CONFIG.md, "The targets"): a value's text -> what CX Genie is given.

A rule gives ``None`` for a text that its field cannot have. Nothing is repaired into an identity: ``id`` and ``email``
are exactly what came, or absent.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import Final

from bridge.chat_user import Phone
from bridge.claims import Claims
from bridge.mapping.condition import Condition
from bridge.mapping.path import ONLY, SOURCES
from bridge.mapping.phone import PhoneUnfit, read_phone, region_of
from bridge.mapping.value import Value
from bridge.trace import Trace

MAX_TEXT: Final = 255
"""Characters of an ``id`` with its prefix (OpenID Connect Core section 2 bounds ``sub`` so), a name and a label."""

MAX_EMAIL: Final = 254
"""Characters: a path of 256 without its angle brackets (RFC 5321 section 4.5.3.1.3)."""

MAX_URL: Final = 2048
"""Characters of an avatar's address."""

SCHEMES: Final = ("https", "http")
"""What an avatar may be widened to; no other scheme is only an address (CWE-79)."""

# Characters that nobody sees (Unicode's Default_Ignorable_Code_Point), controls, line separators and lone surrogates:
# with one of them in it an id looks like another visitor's.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
_REMOVED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_ZERO_WIDTH_JOINER = "\u200d"
_JOINERS = " \u200c\u200d\ufe0e\ufe0f"  # these stay, but alone they show nothing
# Normalising sorts long runs of accents in quadratic time; one character of NFC comes from at most a few.
_BEFORE_NORMALISING = 4 * MAX_TEXT

# RFC 5322 section 3.2.3 dot-atom, RFC 5321 section 4.5.3.1.1, and a host name of two labels or more (RFC 1123 section
# 2.1) whose last is no number, or it would be an IP address.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATEXT}(?:\.{_ATEXT})*@(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}", re.ASCII)

# RFC 3986 sections 3.2 and 3.3, without userinfo ("https://shop.example@evil") and without what would break out of an
# attribute (CWE-79).
_URL = re.compile(
    r"(?P<scheme>https?)://(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"(?:[/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII | re.IGNORECASE,
)

_LAST_PORT = 65535  # RFC 6335 section 6; browsers take no address with a greater one

Rule = Callable[[str], str | None]


def id_rule(prefix: str, other_prefixes: tuple[str, ...] = ()) -> Rule:
    """Exactly the text behind the prefix.

    Args:
        prefix: This provider's ``id_prefix``.
        other_prefixes: Those of the callback's other providers: an id that begins with one is theirs to give.
    """
    theirs = tuple(other for other in other_prefixes if other and not prefix.startswith(other))

    def rule(text: str) -> str | None:
        whole = prefix + text
        if len(whole) > MAX_TEXT or text != text.strip() or _UNSEEN.search(text) or whole.startswith(theirs):
            return None
        return whole

    return rule


def one_line(text: str) -> str | None:
    """A name or label: one line of text in NFC, without what steers or hides text, cut at 255 characters."""
    if text.isascii() and text.isprintable():
        text = " ".join(text.split())
    else:
        seen = " ".join(_REMOVED.sub("", _BREAKS.sub(" ", text)).split())
        text = unicodedata.normalize("NFC", seen[:_BEFORE_NORMALISING])
    if len(text) > MAX_TEXT:
        text = text[: _boundary(text)].rstrip()
    return text if text.strip(_JOINERS) else None


def _boundary(text: str) -> int:
    """Where to cut without taking an accent, a joiner or half a flag from its character, as far as that is cheap."""
    for position in range(MAX_TEXT, MAX_TEXT - 32, -1):
        if not (_continues(text[position]) or text[position - 1] == _ZERO_WIDTH_JOINER):
            flag = position
            while flag > 0 and _is_flag_half(text[flag - 1]):
                flag -= 1
            return position - 1 if _is_flag_half(text[position]) and (position - flag) % 2 else position
    return MAX_TEXT


def _continues(character: str) -> bool:
    return (
        unicodedata.category(character).startswith("M")
        or character == _ZERO_WIDTH_JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # the colours of hands and faces
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def email_address(text: str) -> str | None:
    """The text if it is one e-mail address in ASCII, exactly as it came: folding could make it somebody else's."""
    return text if len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) else None


def email_rule(domains: Collection[str] = ()) -> Rule:
    """An e-mail address, of one of these domains if there are any.

    Args:
        domains: In lower case; a subdomain is another domain.
    """
    if not domains:
        return email_address
    theirs = tuple(f"@{domain}" for domain in domains)

    def rule(text: str) -> str | None:
        address = email_address(text)
        return address if address is not None and address.lower().endswith(theirs) else None

    return rule


def avatar_rule(schemes: tuple[str, ...] = ("https",), *, upgrade: bool = False) -> Rule:
    """An absolute address without credentials.

    Args:
        schemes: Those taken.
        upgrade: Make https of http.
    """

    def rule(text: str) -> str | None:
        match = _URL.fullmatch(text) if len(text) <= MAX_URL else None
        if match is None:
            return None
        if int((match["port"] or ":0")[1:]) > _LAST_PORT:
            return None
        scheme = match["scheme"].lower()
        if upgrade and scheme == "http":
            port = match["port"]
            text = "https" + (text[4:].replace(port, "", 1) if port == ":80" else text[4:])
            scheme = "https"
        return text if scheme in schemes and len(text) <= MAX_URL else None

    return rule


UNFIT: Final = {
    "id": "blanks at its ends, characters that nobody sees, too long, or it begins with another provider's id_prefix",
    "name": "nothing that can be seen",
    "label": "nothing that can be seen",
    "email": "not one e-mail address in ASCII, or not of the email_domains of this provider",
    "avatar": "not an absolute address of an allowed scheme, without credentials",
}
"""Why a rule gives nothing, for the trace."""

GIVEN: Final = "is given"
NOTHING: Final = "nothing to give"
"""How the trace ends each field that was tried."""


class TextTarget:
    """A field that is one text: a value under its field's rule."""

    __slots__ = ("name", "rule", "value")

    def __init__(self, name: str, value: Value, rule: Rule) -> None:
        self.name = name
        self.value = value
        self.rule = rule

    def evaluate(self, claims: Claims, trace: Trace) -> str | None:
        """What the field is given, or ``None``."""
        text = self.value.evaluate(claims, trace)
        result = None if text is None else self.rule(text)
        if trace.recording:
            if result is not None:
                trace.step("mapping", self.name, "ok", GIVEN, result)
            elif text is not None:
                trace.step("mapping", self.name, "refused", UNFIT[self.name], text)
            else:
                trace.step("mapping", self.name, "skipped", NOTHING)
        return result

    def names(self) -> Iterator[str]:
        """The top-level claims that it reads, with their proofs."""
        return self.value.names()


class PhoneTarget:
    """A number in one value, without a plus sign one of a region, or international all the same."""

    __slots__ = ("identity", "international", "region", "value")

    def __init__(
        self, value: Value, *, region: str | Value | None = None, international: bool = False, identity: bool = False
    ) -> None:
        self.value = value
        self.region = region
        self.international = international
        self.identity = identity

    def evaluate(self, claims: Claims, trace: Trace) -> Phone | None:
        """The number, or ``None``."""
        written = self.value.evaluate(claims, trace)
        if written is None:
            if trace.recording:
                trace.step("mapping", "phone", "skipped", NOTHING)
            return None
        region = self.region
        if region is not None and not isinstance(region, str):
            code = region.evaluate(claims, trace)
            region = None if code is None else region_of(code)
        try:
            phone = read_phone(written, region=region, international=self.international, identity=self.identity)
        except PhoneUnfit as unfit:
            if trace.recording:
                trace.step("mapping", "phone", "refused", str(unfit), written)
            return None
        if trace.recording:
            trace.step("mapping", "phone", "ok", GIVEN, phone.e164)
        return phone

    def names(self) -> Iterator[str]:
        """The top-level claims that it reads, with their proofs."""
        yield from self.value.names()
        if self.region is not None and not isinstance(self.region, str):
            yield from self.region.names()


class NationalPhoneTarget:
    """A national number and its country in two values; under a proof both come from the proof's source."""

    __slots__ = ("country_code", "identity", "national", "proof")

    def __init__(
        self, national: Value, country_code: Value, *, proof: Condition | None = None, identity: bool = False
    ) -> None:
        self.national = national
        self.country_code = country_code
        self.proof = proof
        self.identity = identity

    def evaluate(self, claims: Claims, trace: Trace) -> Phone | None:
        """The number, or ``None``."""
        each = (ONLY[source] for source in SOURCES if source in claims.sources)
        for sources in (SOURCES,) if self.proof is None else each:
            written = self.national.evaluate(claims, trace, sources)
            code = None if written is None else self.country_code.evaluate(claims, trace, sources)
            if written is None or code is None:
                continue
            if self.proof is not None and self.proof.evaluate(claims, sources) is not True:
                if trace.recording:
                    reason = f"the number of the {sources[0]}: not proven by {self.proof}"
                    trace.step("mapping", "phone", "skipped", reason, written)
                continue
            try:
                phone = read_phone(written, region=region_of(code), national=True, identity=self.identity)
            except PhoneUnfit as unfit:
                if trace.recording:
                    trace.step("mapping", "phone", "refused", str(unfit), written)
                continue
            if trace.recording:
                trace.step("mapping", "phone", "ok", GIVEN, phone.e164)
            return phone
        if trace.recording:
            trace.step("mapping", "phone", "skipped", NOTHING)
        return None

    def names(self) -> Iterator[str]:
        """The top-level claims that it reads, with their proof."""
        yield from self.national.names()
        yield from self.country_code.names()
        if self.proof is not None:
            yield from (path.name for path in self.proof.paths())

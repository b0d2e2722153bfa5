"""Attacks through the token's form: its parts, its base64url, its JSON, its size."""

import base64
import json

import pytest

from tests.attacks.attack import Attack, Attacked, Mint, claims, header, payload, raw_header, rewritten
from tests.bridge_process import ACCEPTED
from tests.issuer.keys import base64url
from tests.issuer.mint import Raw, good_claims, good_header, good_token, sign, to_json


def encrypted(**members: object) -> Mint:
    """Five parts, as RFC 7516 section 3.1 has them; the contents are noise, for nothing may look at them."""
    return lambda _: ".".join([base64url(to_json(members)), *(base64url(bytes(16)) for _ in range(4))])


def json_serialized(issuer: str) -> str:
    """RFC 7515 section 7.2.2, the flattened JSON serialization of a good token."""
    protected, body, signature = good_token(issuer).split(".")
    return json.dumps({"protected": protected, "payload": body, "signature": signature})


def polyglot(issuer: str) -> str:
    """Both serializations in one text (CVE-2022-39227)."""
    head, body, signature = good_token(issuer).split(".")
    return f'{{"  {head}.":"","protected":"{head}","payload":"{body}","signature":"{signature}"}}'


def payload_bytes(encode: str, prefix: bytes = b"") -> Mint:
    """A good payload in another encoding."""
    return lambda issuer: sign(good_header(), prefix + to_json(good_claims(issuer)).decode().encode(encode), "rsa")


def header_bytes(encode: str, prefix: bytes = b"") -> Mint:
    """A good header in another encoding."""
    return raw_header(prefix + to_json(good_header()).decode().encode(encode))


def spliced(text: bytes) -> Mint:
    """A good payload with these bytes inside its ``sub``."""
    return lambda issuer: sign(good_header(), to_json(good_claims(issuer)).replace(b"visitor", text), "rsa")


def raw_claims(text: str) -> Mint:
    """A payload in which ``x`` is this raw JSON text."""
    return claims(x=Raw(text))


def stray_bits(token: str) -> str:
    """The same bytes from another text: of the last character of 256 bytes (3 * 85 + 1), four bits carry nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def standard_alphabet(issuer: str) -> str:
    """A token whose payload, in the standard alphabet, has a plus sign or a slash."""
    head, body, signature = good_token(issuer, x="???>>>~~~").split(".")
    standard = base64.b64encode(base64.urlsafe_b64decode(body + "==")).decode().rstrip("=")
    assert standard != body
    return f"{head}.{standard}.{signature}"


def padded(part: int) -> Mint:
    """A token with the padding that RFC 7515 section 2 leaves out."""

    def change(token: str) -> str:
        parts = token.split(".")
        parts[part] += "=" * (-len(parts[part]) % 4)
        return ".".join(parts)

    def token(issuer: str) -> str:
        tokens = (sign(good_header(x=x), good_claims(issuer, x=x), "rsa") for x in ("", "1", "12"))
        return change(next(token for token in tokens if len(token.split(".")[part]) % 4))

    return token


DEEP = 5000

ATTACKS = (
    Attack("J24", "JWE dir", encrypted(alg="dir", enc="A256GCM"), "token_malformed"),
    Attack("J24", "JWE RSA-OAEP", encrypted(alg="RSA-OAEP", enc="A256GCM"), "token_malformed"),
    Attack(
        "J24", "JWE PBES2 of 2^31 rounds", encrypted(alg="PBES2-HS256+A128KW", p2c=2**31, p2s="AA"), "token_malformed"
    ),
    Attack("J24", "nested JWT", lambda i: sign(good_header(cty="JWT"), good_token(i), "rsa"), "token_malformed"),
    Attack("J26", "no dot", rewritten(lambda t: t.replace(".", "")), "token_untrusted"),
    Attack("J26", "one dot", rewritten(lambda t: t.rpartition(".")[0]), "token_malformed"),
    Attack("J26", "three dots", rewritten(lambda t: t + "."), "token_malformed"),
    Attack("J26", "a dot in front", rewritten(lambda t: "." + t), "token_untrusted"),
    Attack("J26", "four parts", rewritten(lambda t: t + ".AAAA"), "token_malformed"),
    Attack("J26", "sixteen thousand dots", rewritten(lambda _: "eyJ" + "." * 16_000), "token_malformed"),
    Attack("J26", "10^6 dots", rewritten(lambda _: "." * 1_000_000), "body_too_large"),
    Attack("J26", "only two dots", rewritten(lambda _: ".."), "token_malformed"),
    Attack("J26", "empty header", rewritten(lambda t: t[t.index(".") :]), "token_malformed"),
    Attack(
        "J26", "empty payload part", rewritten(lambda t: t.split(".")[0] + ".." + t.split(".")[2]), "token_malformed"
    ),
    Attack("J27", "JSON serialization", json_serialized, "token_malformed"),
    Attack("J27", "polyglot of both serializations", polyglot, "token_malformed"),
    Attack("J28", "duplicate claim", claims(sub=Raw('"victim","sub":"visitor-1"')), "token_malformed"),
    Attack("J28", "duplicate claim deeper down", raw_claims('{"a":1,"a":2}'), "token_malformed"),
    Attack("J28", "duplicate claim by escape", raw_claims('1,"\\u0073ub":"victim"'), "token_malformed"),
    Attack("J30", "header of ff fe", raw_header(b"\xff\xfe"), "token_malformed"),
    Attack("J30", "payload of ff fe", payload(b"\xff\xfe"), "token_malformed"),
    Attack("J30", "overlong UTF-8 in a claim", spliced(b"\xc0\xaf"), "token_malformed"),
    Attack("J30", "Latin-1 in a claim", spliced(b"\xe9"), "token_malformed"),
    *(
        Attack("J30", f"payload in {name}", payload_bytes(name), "token_malformed")
        for name in ("utf-16", "utf-16-le", "utf-32", "utf-32-be")
    ),
    *(
        Attack("J30", f"header in {name}", header_bytes(name), "token_malformed")
        for name in ("utf-16", "utf-16-le", "utf-32-be")
    ),
    Attack("J30", "payload with a byte order mark", payload_bytes("utf-8", b"\xef\xbb\xbf"), "token_malformed"),
    Attack("J30", "header with a byte order mark", header_bytes("utf-8", b"\xef\xbb\xbf"), "token_malformed"),
    Attack("J30", "lone surrogate in a claim", raw_claims('"\\ud800"'), "token_malformed"),
    Attack("J30", "lone low surrogate", raw_claims('"\\uDFFF"'), "token_malformed"),
    Attack("J30", "surrogates the wrong way round", raw_claims('"\\udc00\\ud800"'), "token_malformed"),
    Attack("J30", "lone surrogate in a claim's name", raw_claims('{"\\ud800":1}'), "token_malformed"),
    Attack("J30", "lone surrogate in the header", header(x="\ud800"), "token_malformed"),
    Attack("J30", "a lone surrogate as UTF-8 bytes", spliced(b"\xed\xa0\x80"), "token_malformed"),
    Attack("J30", "a surrogate pair is a character", raw_claims('"\\ud83d\\ude00"'), ACCEPTED),
    Attack("J32", "stray bits in the signature's last character", rewritten(stray_bits), "token_malformed"),
    Attack("J32", "standard alphabet", standard_alphabet, "token_malformed"),
    *(Attack("J32", f"padding of part {part}", padded(part), "token_malformed") for part in (0, 1, 2)),
    Attack("J32", "blank inside", rewritten(lambda t: t[:50] + " " + t[50:]), "token_malformed"),
    Attack("J32", "line break inside", rewritten(lambda t: t[:50] + "\n" + t[50:]), "token_malformed"),
    Attack("J32", "NUL inside", rewritten(lambda t: t[:50] + "\0" + t[50:]), "body_invalid"),
    Attack("J32", "percent-encoded dot", rewritten(lambda t: t.replace(".", "%2E")), "token_malformed"),
    Attack("J32", "another character", rewritten(lambda t: t[:50] + "!" + t[50:]), "token_malformed"),
    Attack("J32", "full-width dot", rewritten(lambda t: t.replace(".", "\uff0e")), "token_malformed"),
    Attack(
        "J32",
        "a part whose length no base64 has",
        rewritten(lambda t: t + "A" * (5 - len(t.split(".")[2]) % 4)),
        "token_malformed",
    ),
    Attack("J32", "blanks around are taken off", rewritten(lambda t: f" {t} "), ACCEPTED),
    Attack("J32", "one Bearer in front is taken off", rewritten(lambda t: f"Bearer {t}"), ACCEPTED),
    Attack("J32", "two Bearers are not", rewritten(lambda t: f"Bearer Bearer {t}"), "token_malformed"),
    Attack("J34", "8 kB", claims(x="x" * 5600), ACCEPTED),
    Attack("J34", "20 kB", claims(x="x" * 15_000), "token_malformed"),
    Attack("J34", "60 kB", claims(x="x" * 45_000), "token_malformed"),
    Attack("J34", "64 kB", claims(x="x" * 49_000), "body_too_large"),
    Attack("J34", "1 MB", claims(x="x" * 750_000), "body_too_large"),
    Attack("J35", "payload nested deep", raw_claims("[" * DEEP + "]" * DEEP), "token_malformed"),
    Attack("J35", "payload of objects nested deep", raw_claims('{"a":' * 1500 + "1" + "}" * 1500), "token_malformed"),
    Attack("J35", "payload nested and never closed", payload("[" * DEEP), "token_malformed"),
    Attack(
        "J35",
        "header nested deep",
        raw_header('{"alg":"RS256","kid":"rsa","x":' + "[" * DEEP + "]" * DEEP + "}"),
        "token_malformed",
    ),
    Attack("J35", "nested 10^5 deep", payload("[" * 100_000), "body_too_large"),
    Attack("J35", "nested as identity providers do", raw_claims('{"a":{"b":{"c":[["d"]]}}}'), ACCEPTED),
    Attack("J35", "brackets inside text do not nest", raw_claims('"' + "[{" * 500 + '"'), ACCEPTED),
    Attack("J49", "empty payload", payload(b""), "token_malformed"),
    *(
        Attack("J49", f"payload {text}", payload(text.encode()), "token_malformed")
        for text in ("[]", '"x"', "1", "null", "true", "{", "{} {}", "[{}]", "NaN")
    ),
    Attack("J49", "payload of trailing commas", raw_claims("1,"), "token_malformed"),
    Attack("J49", "an integer of ten thousand digits", raw_claims("9" * 6000), "token_malformed"),
    Attack("J49", "NaN in an unregistered claim", raw_claims("NaN"), "token_malformed"),
    Attack("J49", "a control character in a text", raw_claims('"a\nb"'), "token_malformed"),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_structure_attacks(attack: Attack, attacked: Attacked) -> None:
    """A token has one text and one meaning; everything else is malformed, cheaply and without asking anybody."""
    attacked.by(attack)

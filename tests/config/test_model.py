"""``audit:`` of the file, and what names a file."""

from hashlib import sha256

import pytest

from tests.config.files import ENVIRONMENT, GOOD, lines, read

KEYS = ENVIRONMENT | {
    "AUDIT_KEY": "Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr",
    "SHORT": "Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8X",
    "PLACEHOLDER": "replace-me-with-a-long-random-secret",
}


@pytest.mark.parametrize(
    ("audit", "line"),
    [
        ("{mode: pseudonymous}", "27:1: audit.key: missing"),
        ("{mode: full}", "27:1: audit.key: missing"),
        ("{mode: pseudonymous, key: {env: SHORT}}", "27:29: audit.key: 31 bytes; at least 32 were expected"),
        ("{mode: pseudonymous, key: [{env: AUDIT_KEY}, {env: SHORT}]}", "27:53: audit.key[1]: 31 bytes"),
        ("{mode: pseudonymous, key: {env: PLACEHOLDER}}", "27:29: audit.key: a placeholder"),
        ("{key: {env: SHORT}}", "27:9: audit.key: 31 bytes"),
        ("{mode: pseudonymous, key: {env: AUDIT_KEY}, file: audit.jsonl}", "27:52: audit.file: not an absolute path"),
        ("{mode: on}", "27:9: audit.mode: "),
        ("{mode: pseudonymous, key: Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr4}", "27:29: audit.key: a secret written into"),
    ],
)
def test_a_trail_that_would_give_persons_away_does_not_start(audit: str, line: str) -> None:
    """A key is due, long and secret; plain values must be asked for by their name."""
    (said,) = lines(f"{GOOD}audit: {audit}\n", environment=KEYS)
    assert said.startswith(line)


@pytest.mark.parametrize(
    "audit",
    [
        "{mode: pseudonymous, key: {env: AUDIT_KEY}}",
        "{mode: full, key: [{env: AUDIT_KEY}], file: /var/log/audit.jsonl}",
        "{mode: off}",
    ],
)
def test_good_trails_are_taken(audit: str) -> None:
    """The twins of those above."""
    assert read(f"{GOOD}audit: {audit}\n", environment=KEYS).warnings == ()


def test_a_configuration_is_named_by_its_file() -> None:
    """By what sha256sum says of the file, so that anybody can tell which file it was."""
    assert read(GOOD).model.fingerprint == sha256(GOOD.encode()).hexdigest()[:12]
    assert read(GOOD.encode()).model.fingerprint == read(GOOD).model.fingerprint

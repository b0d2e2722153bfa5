"""bridge/errors.py: one tree, drawn as it is, each leaf with its own code."""

from collections.abc import Iterator

from bridge import errors
from bridge.errors import BridgeError, ConfigurationError, Problem, TokenExpired, VisitorRefused


def tree(kind: type[BridgeError]) -> Iterator[type[BridgeError]]:
    """The class and all below it."""
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def test_every_leaf_has_a_code_of_its_own() -> None:
    """CONTRACT.md's codes are stable and public, so no two classes share one."""
    codes = [
        kind.code for kind in tree(BridgeError) if not kind.__subclasses__() and kind.__module__ == errors.__name__
    ]
    assert len(codes) == len(set(codes)) == 22


def test_the_drawing_is_true() -> None:
    """The tree at the top of the file names every class, and every code beside its class."""
    for kind in tree(BridgeError):
        if kind.__module__ == errors.__name__:
            line = next(
                line
                for line in (errors.__doc__ or "").splitlines()
                if line.split()[-1:] == [kind.__name__] or f" {kind.__name__} " in line
            )
            assert getattr(kind, "code", "") in line


def test_an_error_holds_what_the_log_needs() -> None:
    """Detail, hint and seconds; its text is the detail. A text for the visitor is the operator's own, if any."""
    error = TokenExpired("exp is 5 s past", hint="mend the clock", retry_after=3.0)
    assert (str(error), error.detail, error.hint, error.retry_after) == ("exp is 5 s past",) * 2 + (
        "mend the clock",
        3.0,
    )
    assert error.message is None
    assert VisitorRefused("no", message="Members only.").message == "Members only."


def test_a_configuration_error_tells_every_problem() -> None:
    """Not only the first."""
    error = ConfigurationError([Problem(("a", 0), "missing"), Problem(("b",), "unknown key", "why", "cure")])
    assert str(error) == "a.0: missing; b: unknown key"
    assert len(error.problems) == 2

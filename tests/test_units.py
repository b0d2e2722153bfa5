"""bridge/units.py: durations, sizes and rates as operators write them."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.units import DURATION, RATE, SIZE, Duration, OneOrList, Rate, Settings, Size, Unit


class Sample(Settings):
    """One field of each unit."""

    duration: Duration = 1.0
    size: Size = 1
    rate: Rate = 1.0
    names: Annotated[tuple[str, ...], OneOrList] = ()


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("duration", "500ms", 0.5),
        ("duration", "30s", 30.0),
        ("duration", "10m", 600.0),
        ("duration", "12h", 43200.0),
        ("duration", "7d", 604800.0),
        ("size", "512B", 512),
        ("size", "64KiB", 65536),
        ("size", "1MiB", 1048576),
        ("size", "2GiB", 2147483648),
        ("rate", "20/s", 20.0),
        ("rate", "600/m", 10.0),
        ("rate", "3600/h", 1.0),
        ("names", "one", ("one",)),
        ("names", ["one", "two"], ("one", "two")),
        ("names", [], ()),
    ],
)
def test_reads(field: str, text: Any, value: Any) -> None:
    """The value is in seconds, bytes, events per second."""
    assert getattr(Sample.model_validate({field: text}), field) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (field, text)
        for field in ("duration", "size", "rate")
        for text in ("", "30", 30, "-1s", "1.5s", " 30s", "30 s", "٣s", "1e3s", None, True)
    ]
    + [("duration", "30S"), ("duration", "1w"), ("size", "64KB"), ("size", "64kib"), ("rate", "20"), ("rate", "20/d")]
    + [("names", 5), ("names", [5]), ("names", None)],
)
def test_refuses(field: str, text: Any) -> None:
    """A number without its unit, or anything else, is no guess's business."""
    with pytest.raises(ValidationError):
        Sample.model_validate({field: text})


@pytest.mark.parametrize(
    ("unit", "quantity", "text"),
    [
        (DURATION, 0.5, "500ms"),
        (DURATION, 0.0, "0ms"),
        (DURATION, 30.0, "30s"),
        (DURATION, 90.0, "90s"),
        (DURATION, 600.0, "10m"),
        (DURATION, 43200.0, "12h"),
        (DURATION, 604800.0, "7d"),
        (SIZE, 65536, "64KiB"),
        (SIZE, 1000, "1000B"),
        (RATE, 10.0, "10/s"),
        (RATE, 0.5, "30/m"),
    ],
)
def test_is_written_as_it_was_read(unit: Unit, quantity: float, text: str) -> None:
    """A default is shown as an operator would write it."""
    assert unit.written(quantity) == text
    assert unit.read(text) == quantity


@given(st.sampled_from([DURATION, SIZE, RATE]), st.integers(0, 10**6), st.integers(0, 4))
def test_writing_loses_nothing(unit: Unit, count: int, name: int) -> None:
    """Whatever was read is the same when it is written and read again."""
    names = list(unit.factors)
    quantity = unit.read(f"{count}{unit.separator}{names[name % len(names)]}")
    assert unit.read(unit.written(quantity)) == pytest.approx(quantity)


@pytest.mark.parametrize(
    ("unit", "value", "meant"),
    [
        (DURATION, 30, "30s"), (DURATION, "30", "30s"), (DURATION, "5min", "5m"), (DURATION, "2 hours", "2h"),
        (DURATION, 1.5, "1500ms"), (DURATION, "1.5h", "90m"), (DURATION, "1 month", None), (DURATION, True, None),
        (DURATION, [30], None), (DURATION, "-1", None), (DURATION, "", None), (DURATION, "30" * 9, None),
        (DURATION, 600, "10m"), (SIZE, 65536, "64KiB"), (SIZE, "64KB", "64KiB"), (SIZE, "64 kb", "64KiB"),
        (SIZE, "1M", "1MiB"), (SIZE, "1TB", None), (RATE, 10, "10/s"), (RATE, "10/sec", "10/s"),
        (RATE, "600 per minute", "600/m"),
        (RATE, "10 rps", "10/s"), (RATE, "10/day", None),
    ],
)  # fmt: skip
def test_what_was_meant(unit: Unit, value: object, meant: str | None) -> None:
    """A quantity that is written otherwise, in our way of writing it; what could be two things is none."""
    assert unit.meant(value) == meant
    if meant is not None:
        unit.read(meant)

"""bridge/trace.py: steps with verdicts."""

from bridge.trace import SILENT, Meter, RecordingTrace, Step


def test_records_steps_in_order() -> None:
    """What was looked at, in the order in which it was."""
    trace = RecordingTrace()
    trace.step("token", "form", "ok")
    trace.step("claims", "audience", "refused", "names none of ['chat']")
    assert trace.recording
    assert trace.steps == [Step("token", "form", "ok"), Step("claims", "audience", "refused", "names none of ['chat']")]


def test_what_was_found_stands_apart() -> None:
    """A step's value is kept for explain, and no text of the trace has it."""
    trace = RecordingTrace()
    trace.step("mapping", "name", "ok", "is given", "Nguyễn Văn A")
    assert trace.steps[0].value == "Nguyễn Văn A"
    assert "Nguyễn" not in f"{trace.steps} {trace.steps[0].reason}"


def test_silence_keeps_nothing() -> None:
    """The service's trace says so, that nobody builds texts for it, and has no place to keep them."""
    SILENT.step("token", "form", "ok", "anything")
    assert not SILENT.recording
    assert not hasattr(SILENT, "steps")


def test_a_meter_keeps_waits_alone() -> None:
    """How long in all, and for which endpoints in their order; of the steps nothing."""
    meter = Meter()
    meter.step("token", "form", "ok", "anything")
    meter.waited("jwks", 0.5)
    meter.waited("userinfo", 0.25)
    assert not meter.recording
    assert (meter.seconds, meter.asked) == (0.75, ("jwks", "userinfo"))

"""``idp-bridge test``: the operator's test cases of the mapping."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.cli.configuration import ConfigOption, cases_beside, configuration_file, unresolved_configuration
from bridge.cli.console import Status, bad, cannot_tell, good, printable, say, say_json
from bridge.cli.problems import say_problems
from bridge.config.case_file import load_cases
from bridge.config.cases import ABSENT, Case, Difference, Outcome, differences, run_case, shown
from bridge.config.load import InvalidConfiguration
from bridge.config.model import Model

Result = tuple[Path, Case, Outcome, tuple[Difference, ...]]


def run_cases(
    cases: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CASES]...", help="Files of cases.  [default: FILE.tests.yaml beside FILE.yaml]"),
    ] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the mapping's test cases: claims in, and what CX Genie would be given compared field by field.

    The claims count as verified. No secret is looked up and nobody is asked.

    Exit status: 0 every case is as expected; 1 one is not, or a file has problems; 2 a file cannot be read.
    """
    path = configuration_file(config, as_json=as_json)
    loaded = unresolved_configuration(path, Status.FINDING, as_json=as_json)
    results: list[Result] = []
    for file in cases or [cases_beside(path)]:
        results += _run(file, loaded.model, as_json=as_json)
    failed = sum(1 for *_, differ in results if differ)
    if as_json:
        say_json({"ok": not failed, "file": str(path), "cases": [_as_json(result) for result in results]})
    else:
        _print(results, failed)
    raise typer.Exit(Status.FINDING if failed else Status.YES)


def _run(file: Path, model: Model, *, as_json: bool) -> list[Result]:
    try:
        cases = load_cases(file, model)
    except InvalidConfiguration as invalid:
        say_problems(invalid.problems, file, as_json=as_json)
        raise typer.Exit(Status.FINDING) from None
    except OSError as error:
        raise cannot_tell(f"{file} cannot be read: {error.strerror or error}.", as_json=as_json) from None
    outcomes = [(case, run_case(case)) for case in cases]
    return [(file, case, outcome, differences(case.expect, outcome.answer)) for case, outcome in outcomes]


def _print(results: Sequence[Result], failed: int) -> None:
    for file, case, outcome, differ in results:
        if not differ:
            say(f"{good('ok')}    {printable(case.name)}")
            continue
        say(f"{bad('FAIL')}  {printable(f'{case.name} ({file}:{case.line})')}")
        for each in differ:
            say(printable(f"        {each.field}: expected {shown(each.expected)}, found {shown(each.found)}"))
        if outcome.refusal is not None:
            for text in filter(None, (outcome.refusal.detail, outcome.refusal.hint)):
                say(printable(f"        {text}"))
    count = "1 case" if len(results) == 1 else f"{len(results)} cases"
    say(bad(f"{count}, {failed} failed") if failed else good(f"{count}, all as expected"))


def _as_json(result: Result) -> dict[str, Any]:
    file, case, outcome, differ = result
    refusal = outcome.refusal
    return {
        "name": case.name,
        "file": str(file),
        "line": case.line,
        "ok": not differ,
        "found": dict(outcome.answer),
        "differences": [difference_as_json(each) for each in differ],
        **({} if refusal is None else {"detail": refusal.detail, "hint": refusal.hint}),
    }


def difference_as_json(difference: Difference) -> dict[str, Any]:
    """A field that differs, for a program; a side on which it is absent is left out."""
    sides = {"expected": difference.expected, "found": difference.found}
    return {"field": difference.field, **{side: value for side, value in sides.items() if value is not ABSENT}}

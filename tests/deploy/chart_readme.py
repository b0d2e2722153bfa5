"""The table of values in the chart's README.md, from the comments ``# --`` of values.yaml (the form of helm-docs).

``python -m tests.deploy.chart_readme`` writes the file; a test says when it is stale.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.deploy.chart import CHART

README = CHART / "README.md"
_VALUES = CHART / "values.yaml"
_BEGIN, _END = "<!-- values: python -m tests.deploy.chart_readme -->", "<!-- end of values -->"


def fresh() -> str:
    """The README with the table made anew."""
    before, _, rest = README.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    table = ["| value | default | |", "|---|---|---|"]
    table += [f"| `{name}` | `{default}` | {words} |" for name, default, words in rows()]
    return "\n".join((before + _BEGIN, "", *table, "", _END)) + after


def rows() -> Iterator[tuple[str, str, str]]:
    """Each value that can be set: its dotted name, its default as JSON, and what its comment says."""
    text = _VALUES.read_text()
    yield from _below(yaml.compose(text), text.splitlines(), "")


def _below(node: Any, lines: list[str], prefix: str) -> Iterator[tuple[str, str, str]]:
    for key, value in node.value:
        name, words = f"{prefix}{key.value}", _comment(lines, key.start_mark.line)
        if words:
            yield name, json.dumps(yaml.safe_load(yaml.serialize(value)), ensure_ascii=False), words
        else:  # its members have comments of their own
            yield from _below(value, lines, f"{name}.")


def _comment(lines: list[str], line: int) -> str:
    """The comment right above, from its ``# --`` on."""
    said: list[str] = []
    while line and (found := re.match(r"\s*# ?(.*)", lines[line - 1])):
        said.insert(0, found[1])
        line -= 1
        if found[1].startswith("-- "):
            return " ".join(said).removeprefix("-- ").replace("|", "\\|")
    return ""


if __name__ == "__main__":
    README.write_text(fresh())

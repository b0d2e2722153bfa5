"""What is wrong in a document that can nevertheless be read, and the bounds of what can be."""

import pytest

from bridge.config.yaml_document import read_yaml
from bridge.config.yaml_nodes import MAX_DEPTH, MAX_NODES, YamlInvalid


@pytest.mark.parametrize(
    ("text", "place", "path", "found"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", (4, 3), ("b", "c"), "given twice, first in line 3"),
        ("a: !x b\n", (1, 4), ("a",), "a tag"),
        ("a: !!python/object:os.system {}\n", (1, 4), ("a",), "a tag"),
        ("a: {<<: {b: 1}}\n", (1, 5), ("a",), "a merge key"),
        ("a: [x, *b]\n", (1, 8), ("a", 1), "an alias of an anchor that is not there"),
        ("a: &b [x, *b]\n", (1, 11), ("a", 1), "an alias of what it stands in"),
        ("? [a]\n: b\n", (1, 3), (), "a list or map as a key"),
        ("a: {5: b}\n", (1, 5), ("a", "5"), "a number as a key"),
        ("a: {+84: b}\n", (1, 5), ("a", "+84"), "a number as a key"),
        *(
            (
                f"a: {{{word}: b}}\n",
                (1, 5),
                ("a", word),
                "a bare word as a key that YAML reads as true, false or nothing",
            )
            for word in ("no", "Yes", "ON", "off", "y", "N", "true", "null", "~")
        ),
        ("a:\n  ? \n  : b\n", (2, 4), ("a", ""), "an empty key"),
        ("a: " + "1" * 101, (1, 4), ("a",), "a number of 101 digits"),
        ("a: 1e999\n", (1, 4), ("a",), "a number beyond all bounds"),
    ],
)
def test_one_fault_is_one_finding(text: str, place: tuple[int, int], path: tuple[str | int, ...], found: str) -> None:
    """M16: what cannot be meant is refused where it stands, and the rest is read."""
    (finding,) = read_yaml(text).findings
    assert (finding.mark.line, finding.mark.column) == place
    assert (finding.problem.path, finding.problem.found) == (path, found)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb:\n  c: 1\n  d: 2\n",
        "a: {'<<': {b: 1}}\n",
        "a: [&b x, *b]\n",
        "a: {'5': b}\n",
        "a: {'no': b, \"true\": c, '': d}\n",
        "a: '!x b'\n",
        "a: " + "1" * 100,
        "a: '1e999'\n",
        "a: &b 1\nc: &b 2\nd: *b\n",
    ],
)
def test_without_the_fault_there_is_none(text: str) -> None:
    """The twin of each refusal: quoted, closed, or one less."""
    assert read_yaml(text).findings == ()


def test_reading_goes_on_after_a_finding() -> None:
    """All of them are told at once, and what follows is data."""
    document = read_yaml("no: 1\na: !x 2\na: 3\n? {b: c}\n: 4\nd: *e\nf: 5\n")
    assert [finding.mark.line for finding in document.findings] == [1, 2, 3, 4, 6]
    assert document.data == {"no": 1, "a": 2, "d": None, "f": 5}


def test_an_alias_is_what_it_stands_for() -> None:
    """Anchors are bounded, not forbidden."""
    assert read_yaml("a: &x {b: [1]}\nc: *x\n").data == {"a": {"b": [1]}, "c": {"b": [1]}}


@pytest.mark.parametrize(
    "text",
    [
        "[" + "x," * MAX_NODES + "]",
        "a: &a [" + "x," * (MAX_NODES // 2) + "]\nb: *a\nc: *a",
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    ],
)
def test_size_is_bounded_with_aliases_expanded(text: str) -> None:
    """M16: a few hundred bytes of aliases cannot become gigabytes."""
    with pytest.raises(YamlInvalid) as caught:
        read_yaml(text)
    assert caught.value.finding.problem.found == f"more than {MAX_NODES} values"


def test_depth_is_bounded_with_aliases_expanded() -> None:
    """An alias counts as deep as what it stands for."""
    half = MAX_DEPTH // 2
    anchored = "a: &a " + "[" * half + "]" * half + "\n"
    assert read_yaml(anchored + "b: " + "[" * (half - 1) + "*a" + "]" * (half - 1)).findings == ()
    with pytest.raises(YamlInvalid) as caught:
        read_yaml(anchored + "b: " + "[" * half + "*a" + "]" * half)
    assert caught.value.finding.problem.found == f"nested more than {MAX_DEPTH} deep"

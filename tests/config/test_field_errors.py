"""What is wrong with one value, in plain words."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bridge.config.config_file import ConfigFile
from bridge.config.field_errors import described, field_problem, quoted, suggestion, unknown_key_problem


@pytest.mark.parametrize(
    ("value", "written", "words"),
    [
        ("abc", None, 'the text "abc"'),
        ("a" * 100, None, f'the text "{"a" * 59}…"'),
        (7, "007", "the number 007"),
        (7, None, "the number 7"),
        (True, None, "true"),
        (True, "True", "True"),
        (None, "", "nothing"),
        ([1, 2], None, "a list of 2"),
        ({"a": 1}, None, "a map"),
    ],
)
def test_a_value_is_described_in_a_few_words(value: Any, written: str | None, words: str) -> None:
    """As it stands in the file, short."""
    assert described(value, written) == words


@given(st.text())
def test_a_quoted_text_is_short_and_visible(text: str) -> None:
    """Nothing that a terminal would obey or hide."""
    assert quoted(text).isprintable()
    assert len(quoted(text)) < 800


@pytest.mark.parametrize(
    ("text", "known", "meant"),
    [
        ("isuer", ["issuer", "audience"], "issuer"),
        ("Issuer", ["issuer"], "issuer"),
        ("header-token", ["header_token"], "header_token"),
        ("phone", ["id", "email", "phone_number"], "phone_number"),
        ("xyz", ["issuer"], None),
        ("i", ["id"], None),
        ("a" * 10_000, ["a" * 10], None),
        ("jw", ["jwks", "jwt"], "jwt"),
        ("tok", ["token_alpha", "token_omega"], None),
        ("", ["id"], None),
    ],
)
def test_the_nearest_known_word_is_suggested(text: str, known: list[str], meant: str | None) -> None:
    """One that is near enough, or that it is the beginning of; else none."""
    assert suggestion(text, known) == meant


def test_an_unknown_key_names_what_could_stand_there() -> None:
    """The place where it belongs, else the nearest, else all."""
    assert unknown_key_problem(("a", "isuer"), ["issuer"])[1] == "issuer"
    problem, nearest = unknown_key_problem(("issuer",), ["providers"], "under a provider")
    assert (problem.cure, nearest) == ("It belongs under a provider.", None)
    assert unknown_key_problem(("q",), ["b", "a"])[0].cure == "Known here: b, a."


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all models in it."""
    found = {model}
    for info in model.model_fields.values():
        for each in (info.annotation, *get_args(info.annotation)):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= models(each)
    return found


@pytest.mark.parametrize("model", sorted(models(ConfigFile), key=str))
@pytest.mark.parametrize("value", [None, "\x00text", -5, 10**30, 1.5, True, [None], {"a": 1}, "none"])
def test_every_error_of_every_setting_has_words_of_ours(model: type[BaseModel], value: Any) -> None:
    """No field can fail in a way that would be told in the validation library's words."""
    with pytest.raises(ValidationError) as invalid:  # the unknown key at least
        model.model_validate(dict.fromkeys(model.model_fields, value) | {"unknown": value})
    for error in invalid.value.errors():
        if error["type"] != "extra_forbidden":
            assert "something else" not in field_problem(error, ("a",), "x", None).found, error["type"]

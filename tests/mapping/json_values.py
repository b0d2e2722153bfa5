"""Hypothesis strategies for what a provider, or an operator, may write."""

from typing import Any

from hypothesis import strategies as st

# Lone surrogates included: strict_json refuses them, but a rule must not depend on that.
texts = st.one_of(st.text(max_size=12), st.text(st.characters(codec=None), max_size=6))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)

KEYS = [
    "claim", "value", "template", "join", "first_of", "where", "with", "when", "verified_by", "default", "from",
    "equals", "in", "contains", "contains_any", "matches", "starts_with", "ends_with", "present", "at_least", "at_most",
    "all", "any", "not", "if_absent", "region", "international", "national", "country_code", "schemes", "upgrade",
    "trusted", "accept", "omit", "lookup", "cel", "transform",
]  # fmt: skip
words = st.one_of(
    st.sampled_from(KEYS), st.sampled_from(["email", "*", "{email}", "VN", "84", "https", "token", "a.b"]), texts
)
plain_data: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), words), inner, max_size=4),
        st.dictionaries(st.one_of(st.integers(), st.booleans(), st.none()), inner, max_size=2),
    ),
    max_leaves=20,
)

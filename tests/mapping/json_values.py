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
    "trusted", "accept", "omit", "lookup", "cel", "transform", "table", "pick", "give", "split", "only", "only_match",
    "trim", "lower", "first", "keys", "values", "base64", "strip_prefix", "field", "message", "name",
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

# -- What an operator may write without a fault, over a handful of claims ----------------------------------------------

CLAIMS = ["a", "b", "c", "email", "sub", "aud", "https://shop.example/a"]
claim_names = st.sampled_from(CLAIMS)
paths = st.one_of(
    claim_names,
    st.builds(
        lambda name, rest: [name, *rest],
        claim_names,
        st.lists(st.sampled_from(["a", "*", 0, 1]), min_size=1, max_size=3),
    ),
)
EXPRESSIONS = [
    "claims.a",
    "claims.a + claims.b",
    "claims.a > 1",
    'claims.a.map(x, x + "!")',
    '"a" in claims',
    "size(claims.c)",
]
TRANSFORMS: list[Any] = [
    *("trim", "collapse", "lower", "upper", "title", "digits", "base64", "first", "last"),
    *({"pick": "(.)"}, {"pick": ".", "give": "\\0-\\0"}, {"strip_prefix": "a"}, {"strip_suffix": "a"}),
    {"join": ","},
]
LISTS: list[Any] = [{"split": "a"}, {"only": ["a", "b"]}, {"only_match": "[ab]"}]
LAST: list[Any] = ["first", "last", {"join": ",", "at_most": 2}]
transforms = st.one_of(
    st.lists(st.sampled_from(TRANSFORMS), min_size=1, max_size=3),
    st.builds(lambda lists, last: [*lists, last], st.lists(st.sampled_from(LISTS), max_size=2), st.sampled_from(LAST)),
)
OPERANDS: list[dict[str, Any]] = [
    {}, {"equals": "a"}, {"in": ["a", "b"]}, {"contains": "a"}, {"contains_any": ["a", "b"]}, {"matches": "a.*"},
    {"starts_with": "a"}, {"ends_with": "a"}, {"present": True}, {"present": False}, {"at_least": 1}, {"at_most": 1},
]  # fmt: skip
conditions: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        claim_names,
        st.builds(lambda path, operand: {"claim": path, **operand}, paths, st.sampled_from(OPERANDS)),
        st.builds(lambda written: {"cel": written}, st.sampled_from(EXPRESSIONS)),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda kind, some: {kind: some}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=2)
        ),
        st.builds(lambda one: {"not": one}, inner),
    ),
    max_leaves=3,
)
beside = st.fixed_dictionaries({}, optional={"when": conditions, "default": st.just("7"), "transform": transforms})
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        claim_names,
        st.builds(lambda path, more: {"claim": path, **more}, paths, beside),
        st.builds(lambda path: {"claim": path, "verified_by": "b", "from": "userinfo"}, st.sampled_from(["a", "c"])),
        st.builds(lambda written, more: {"cel": written, **more}, st.sampled_from(EXPRESSIONS), beside),
        st.just({"template": "{a}-{x}", "where": {"x": ["b", "a"]}}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda some: {"join": some, "with": "/"}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda some, more: {"first_of": some, **more}, st.lists(inner, min_size=1, max_size=2), beside),
        st.builds(lambda one: {"lookup": one, "table": {"a": "7", "true": "8", "1": "9"}}, inner),
    ),
    max_leaves=4,
)
sound_mappings = st.fixed_dictionaries(
    {},
    optional={
        "name": values,
        "label": values,
        "email": st.one_of(
            st.just({"claim": "email", "verified_by": "b", "transform": ["trim", "lower"]}),
            st.just({"claim": "email", "verified_by": {"claim": "b", "if_absent": "accept"}}),
        ),
        "phone": st.one_of(
            st.just({"claim": "a", "region": "VN"}), st.just({"national": "a", "country_code": "b", "verified_by": "c"})
        ),
        "avatar": st.just({"claim": "a", "upgrade": "https"}),
    },
)
sound_rules = st.lists(
    st.one_of(
        conditions,
        st.builds(
            lambda field, operand: {"field": field, **operand},
            st.sampled_from(["id", "name", "email", "phone_number", "country_code", "avatar", "label"]),
            st.sampled_from(OPERANDS[1:10]),
        ),
    ),
    max_size=2,
)
known_claims = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        CLAIMS,
        st.one_of(
            json_values,
            st.sampled_from(["a", "true", True, "An@shop.example", "0901234567", "VN", ["a", "b"], {"a": "a"}, 1]),
        ),
    ),
)

"""What people may type: everything that every door, database and client can carry, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import validation
from core.errors import Invalid

PLENTY = 10_000


def code(check, *args, **limits) -> str | None:
    """The violation's code, or None when the value comes back unchanged."""
    try:
        assert check("field", *args, **limits) is args[0]
    except Invalid as invalid:
        (violation,) = invalid.violations
        assert violation.field == "field"
        return violation.code
    return None


@pytest.mark.parametrize(
    "value", ["x", " x ", "\u00e9", "\U0001f600", "a\nb\tc", "a\u200b", "\u202ea", "<b>", "x" * 10]
)
def test_text_is_text(value):
    assert code(validation.text, value, maximum=10) is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "blank"),
        (" \t\n\u00a0\u2003", "blank"),
        ("\u200b", "blank"),
        (" \u202e\u2066 \ufeff", "blank"),
        ("\u3164\u115f\uffa0", "blank"),
        ("\u2800", "blank"),
        ("\ufe0f\U000e0041", "blank"),
        ("\u0301", "blank"),
        ("\x1b", "blank"),
        ("x" * 11, "too_long"),
        (" " * 11, "too_long"),
        ("\U0001f600" * 11, "too_long"),
        ("a\0b", "invalid"),
        ("\0", "invalid"),
        ("\ud800", "invalid"),
        ("\udc00\ud800", "invalid"),
    ],
)
def test_what_is_not(value, problem):
    assert code(validation.text, value, maximum=10) == problem


def test_length_is_counted_in_code_points():
    assert code(validation.text, "\U0001f600" * 10, maximum=10) is None


ANYTHING = [
    None,
    True,
    0,
    -1,
    1.5,
    2**63 - 1,
    -(2**63) + 1,
    1e18,
    "",
    "x",
    [],
    {},
    {"": [None, {"a": "b"}]},
    {"é": "é"},
]


@pytest.mark.parametrize("value", ANYTHING)
def test_data_is_an_object_with_any_json_in_it(value):
    assert code(validation.data, {"a": value}, maximum=PLENTY) is None
    expected = None if value is None or isinstance(value, dict) else "invalid"
    assert code(validation.data, value, maximum=PLENTY) == expected


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**400, 1e300, -1e300, float("inf"), float("-inf"), float("nan")])
def test_a_number_not_every_client_can_read_is_refused_however_deep(number):
    assert code(validation.data, {"a": number}, maximum=PLENTY) == "invalid"
    assert code(validation.data, {"a": [{"b": number}]}, maximum=PLENTY) == "invalid"


@pytest.mark.parametrize("text", ["\0", "a\0", "\ud800"])
def test_text_that_no_database_stores_is_refused_in_keys_and_values(text):
    for value in ({"a": text}, {"a": [text]}, {text: 1}, {"a": [{text: 1}]}):
        assert code(validation.data, value, maximum=PLENTY) == "invalid"


def nested(levels: int, wrap) -> object:
    value: object = 1
    for _ in range(levels - 1):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_depth_is_bounded(wrap):
    assert code(validation.data, {"a": nested(31, wrap)}, maximum=PLENTY) is None
    assert code(validation.data, {"a": nested(32, wrap)}, maximum=PLENTY) == "invalid"
    assert code(validation.data, {"a": nested(50_000, wrap)}, maximum=PLENTY) == "invalid"


def test_size_is_counted_in_bytes_of_json():
    assert code(validation.data, {"a": "xx"}, maximum=10) is None
    assert code(validation.data, {"a": "xxx"}, maximum=10) == "too_long"
    assert code(validation.data, {"a": "\u00e9\u00e9"}, maximum=10) == "too_long"
    assert code(validation.data, {"a": 1}, maximum=7) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_accepted_survives_json_in_any_language(value):
    """No NaN, nothing past 64 bits, no half characters: strict JSON in UTF-8."""
    if code(validation.data, {"a": value}, maximum=PLENTY) is None:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        assert json.loads(text) == value
        assert b"\\u0000" not in text


@given(st.text(st.characters(exclude_categories=[])))
def test_accepted_text_is_utf_8_without_nul(value):
    if code(validation.text, value, maximum=PLENTY) is None:
        assert b"\0" not in value.encode()

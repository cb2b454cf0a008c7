"""Times have one form, whatever zone and fraction they have."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import wire

FORM = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2040, 1, 1, tzinfo=UTC), "2040-01-01T00:00:00.000000Z"),
        (datetime(2040, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC), "2040-01-01T00:00:00.500000Z"),
        (datetime(2040, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2040-01-01T00:00:00.000000Z"),
        (datetime(2040, 1, 1, 0, 0, 0, 1, tzinfo=timezone(timedelta(minutes=-30))), "2040-01-01T00:30:00.000001Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (None, None),
    ],
)
def test_a_time_is_written_in_one_form(at, text):
    assert wire.moment(at) == text


@given(st.datetimes(timezones=st.timezones()).filter(lambda at: 1 < at.year < 9999))
def test_any_time_is_written_in_that_form_and_read_back(at):
    text = wire.moment(at)
    assert re.fullmatch(FORM, text)
    assert datetime.fromisoformat(text) == at.astimezone(UTC)

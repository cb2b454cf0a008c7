"""Identifiers: UUID version 7 as RFC 9562 lays it out."""

import time
import uuid

from core.ids import uuid7


def milliseconds(value: uuid.UUID) -> int:
    return value.int >> 80


def test_the_version_and_the_variant_are_those_of_version_7():
    for value in (uuid7() for _ in range(200)):
        assert value.version == 7
        assert value.variant == uuid.RFC_4122
        assert uuid.UUID(str(value)) == value


def test_it_begins_with_the_milliseconds_of_its_making():
    before = time.time_ns() // 1_000_000
    value = uuid7()
    assert before <= milliseconds(value) <= time.time_ns() // 1_000_000


def test_they_sort_by_time_as_numbers_as_text_and_as_bytes():
    made = [uuid7()]
    while len(made) < 5:
        value = uuid7()
        if milliseconds(value) > milliseconds(made[-1]):
            made.append(value)
    assert sorted(made) == made
    assert sorted(made, key=str) == made
    assert sorted(made, key=lambda value: value.bytes) == made


def test_every_bit_that_is_not_said_is_random():
    made = [uuid7().int for _ in range(500)]
    ones, zeros = 0, 0
    for value in made:
        ones, zeros = ones | value, zeros | ~value
    random = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)
    assert ones & random == random
    assert zeros & random == random


def test_no_two_are_the_same():
    assert len({uuid7() for _ in range(10_000)}) == 10_000

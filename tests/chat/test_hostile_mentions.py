"""Texts that are made to cost: what is looked for in them is bounded, whatever they hold."""

import time

import pytest

from chat import mention_names, mentions
from tests.chat.talk import people, room, say

pytestmark = pytest.mark.django_db

HOSTILE = {
    "a thousand": "@a " * 1_000,
    "a thousand of one": "@bob " * 800,
    "as long as they come": ("@" + "x" * 64 + " ") * 60,
    "nothing but marks": "@" + "." * 3_999,
    "marks behind each": ("@" + "a" + "." * 62 + " ") * 60,
    "nothing but @": "@" * 4_000,
    "marks and @": "@." * 2_000,
    "one run without spaces": "@" + "字" * 3_999,
    "many runs without spaces": ("@" + "字" * 64 + " ") * 60,
    "scripts in turn": ("@" + "a字" * 32 + " ") * 60,
    "labels": ("字@" + "a." * 60 + "a ") * 30,
    "accents": "@" + "e\u0301" * 1_999,
    "a long scheme": "a" * 3_990 + "@bob",
    "a long domain": "a." * 1_990 + "aa/@bob",
    "schemes": "a://" * 1_000,
    "different ones": " ".join(f"@{number}..." for number in range(500))[:4_000],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_taken_in_moments(name, django_assert_max_num_queries):
    """Also many of them, for which the room is locked all the while."""
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    body = HOSTILE[name]
    began = time.thread_time()
    with django_assert_max_num_queries(1):
        named = mentions.named([(made, body)] * 256)
        found = [named.of(made, body) for _ in range(256)]
    assert time.thread_time() - began < 5
    assert found == [[bob] if "@bob " in body else []] * 256
    assert say(alice, made, body).mentions == found[0]


def test_a_hostile_text_asks_for_few_names():
    """Each mention may mean several names, for what follows one in a sentence may be a part of it."""
    body = ("@" + "a" + "." * 62 + " ") * 62
    asked = {word for words in mention_names.candidates(body) for word in words}
    assert len(asked) <= 10


@pytest.mark.parametrize("name", HOSTILE)
def test_the_names_that_a_text_asks_for_are_bounded(name, settings):
    settings.MENTIONS_PER_MESSAGE = 5
    asked = sum(map(len, mention_names.candidates(HOSTILE[name])))
    assert asked <= 8 * 5 + 64


def test_a_text_without_a_mention_costs_nothing(django_assert_num_queries):
    alice, bob = people("alice", "bob")
    made, other = room(alice, bob), room(alice)
    with django_assert_num_queries(0):
        mentions.named([(made, "x"), (made, "bob"), (made, "a@b.example"), (made, "@ "), (made, "@@")])
    with django_assert_num_queries(1):
        mentions.named([(made, "@bob"), (made, "@carol"), (other, "@alice")])

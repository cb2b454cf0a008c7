"""The client's own rules, without a server."""

import copy

import pytest

from tests.states.client_state import Missed, RoomState

ALICE, BOB = ({"id": name, "username": name} for name in ("alice", "bob"))


def member(user: dict, role: str = "member") -> dict:
    return {"user": user, "role": role, "joined_at": "2026-01-01T00:00:00Z", "muted_until": None}


def message(seq: int, author: dict, **fields) -> dict:
    said = {"id": f"m{seq}", "seq": seq, "author": author, "body": "x", "data": None, "client_ref": None}
    return said | {"mentions": [], "reactions": [], "deleted_at": None} | fields


def event(seq: int, type: str, /, **data) -> dict:
    return {"type": type, "room": "r", "seq": seq, "at": "2026-01-01T00:00:00Z", "data": data}


@pytest.fixture
def state() -> RoomState:
    facts = {"id": "r", "kind": "private", "name": "room"}
    return RoomState("alice", facts, "e", 0, members={"alice": member(ALICE, "owner")}, bans={}, markers={"alice": 0})


LIFE = [
    event(1, "member.joined", **member(BOB)),
    event(2, "message.created", **message(2, BOB, mentions=["alice"])),
    event(3, "reaction.added", message="m2", user=BOB, emoji="👍", reactions=[{"emoji": "👍", "count": 1}]),
    event(4, "message.updated", **message(2, BOB, body="y")),
    event(5, "reaction.removed", message="m2", user=BOB, emoji="👍", reactions=[]),
    event(6, "custom.poll", sender=BOB, data={"a": 1}),
    event(7, "message.deleted", **message(2, BOB, body="", deleted_at="2026-01-02T00:00:00Z")),
    event(8, "member.left", user=BOB, reason="banned"),
    event(9, "user.erased", user=BOB | {"username": "deleted"}, deleted_at="2026-01-03T00:00:00Z"),
]


def test_twice_is_once(state):
    once = copy.deepcopy(state)
    for each in LIFE:
        once.apply(each)
        state.apply(each)
        state.apply(each)
    assert state == once


def test_what_was_seen_in_the_lists_already_is_seen_again_without_harm(state):
    for each in LIFE:
        state.apply(each)
    again = copy.deepcopy(state)
    again.seq = 0
    for each in LIFE:
        again.apply(each)
    assert again == state


def test_what_is_not_the_next_is_not_applied(state):
    before = copy.deepcopy(state)
    with pytest.raises(Missed):
        state.apply(LIFE[1])
    assert state == before


def test_who_is_erased_is_banned_no_more_and_has_said_nothing(state):
    for each in LIFE:
        state.apply(each)
    assert state.bans == {}
    assert state.messages["m2"]["author"]["username"] == "deleted"
    assert state.messages["m2"]["deleted_at"] == "2026-01-02T00:00:00Z"
    assert state.custom[0]["data"] == {"sender": BOB | {"username": "deleted"}, "data": None}


def test_a_private_room_is_gone_for_who_leaves_it(state):
    state.apply(event(1, "member.left", user=ALICE, reason="removed"))
    assert state.gone == "removed"
    assert not state.mine


def test_a_public_room_is_gone_for_who_is_banned(state):
    state.facts["kind"] = "public"
    reading = copy.deepcopy(state)
    state.apply(event(1, "member.left", user=ALICE, reason="banned"))
    reading.apply(event(1, "member.left", user=ALICE, reason="left"))
    assert state.gone == "banned"
    assert reading.gone is None
    assert reading.summary()["role"] is None


@pytest.mark.parametrize(
    ("kind", "back"),
    [("public", event(2, "member.unbanned", user=ALICE)), ("private", event(2, "member.joined", **member(ALICE)))],
)
def test_who_was_let_in_again_reads_of_it_as_history(state, kind, back):
    state.facts["kind"] = kind
    state.apply(event(1, "member.left", user=ALICE, reason="banned"))
    assert state.gone == "banned"
    state.apply(back)
    assert state.gone is None


def test_what_others_said_is_unread_up_to_a_hundred(state):
    for seq in range(1, 120):
        state.apply(event(seq, "message.created", **message(seq, BOB, mentions=["alice"] if seq < 4 else [])))
    state.apply(event(120, "message.created", **message(120, ALICE)))
    assert (state.summary()["unread_count"], state.summary()["mention_count"]) == (100, 3)
    state.apply({"type": "read.updated", "room": "r", "data": {"user": ALICE, "last_read_seq": 118}})
    state.apply({"type": "read.updated", "room": "r", "data": {"user": ALICE, "last_read_seq": 5}})
    assert (state.summary()["unread_count"], state.summary()["mention_count"]) == (1, 0)


def test_who_types_is_done_when_it_is_said(state):
    typing = {"type": "typing.started", "room": "r", "data": {"user": BOB, "expires_in": 6}}
    state.apply(typing)
    assert state.typing == {"bob"}
    state.apply(event(1, "message.created", **message(1, BOB)))
    assert state.typing == set()


def test_what_is_newer_than_this_client_only_counts(state):
    before = copy.deepcopy(state)
    state.apply(event(1, "room.painted", colour="blue"))
    before.seq = 1
    assert state == before

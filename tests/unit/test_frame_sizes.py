"""No frame to a client is over 256 KiB, at the limits of all that goes into one."""

import json
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from chat import wire
from chat.eventlog import log
from chat.models import Room
from chat.presence import presence, store
from chat.presence.presence import View
from chat.presence.store import PresentUser
from core.errors import Invalid, NotFound
from realtime.commands import subscribe
from realtime.presence import state
from realtime.protocol import frames as protocol
from realtime.protocol import replies

LONGEST_NAME = "\N{GRINNING FACE}" * User._meta.get_field("username").max_length
MOST = 2**63 - 1
ID = '"' * 128


def crowd(room: UUID, count: int, name: str = LONGEST_NAME) -> wire.Presence:
    users = {uuid4(): PresentUser(name, 1_700_000_000_000 + number) for number in range(count)}
    return presence.to_wire(room, View(count, users, complete=False))


def subscribed(room: UUID, company: wire.Presence) -> protocol.Subscribed:
    return protocol.Subscribed(room, uuid4(), MOST, MOST, False, company)


def size(frame: str) -> int:
    return len(frame.encode())


@pytest.mark.parametrize("people", [0, 1, 3, 100])
@pytest.mark.parametrize("count", [1, 20, 500, 1_000])
def test_a_reply_of_many_rooms(count, people):
    granted = {room: subscribed(room, crowd(room, people, "bob")) for room in [uuid4() for _ in range(count)]}
    answers, frames = subscribe._divided(granted, count)
    reply = protocol.reply(ID, replies.SubscribedMany(answers, True))
    assert max(map(size, [reply, *frames])) <= wire.FRAME_BYTES
    told = {room: each["presence"] for room, each in json.loads(reply)["data"]["rooms"].items() if "presence" in each}
    told |= {frame["room"]: frame["data"] for frame in map(json.loads, frames)}
    assert told == {str(room): json.loads(wire.encode(each.presence)) for room, each in granted.items()}
    assert len(answers) == count


def test_a_reply_of_many_rooms_that_are_refused():
    refused = replies.NotSubscribed(protocol.ErrorBody(NotFound.code, NotFound.detail))
    size(protocol.reply(ID, replies.SubscribedMany({uuid4(): refused for _ in range(1_000)}, True)))


def test_who_is_in_a_room_is_listed_as_far_as_a_frame_goes(settings):
    settings.PRESENCE_USERS_MAX = 1_000_000
    room = uuid4()
    listed = crowd(room, store.crowd())
    assert size(protocol.reply(ID, listed)) <= wire.FRAME_BYTES
    assert size(protocol.reply(ID, subscribed(room, listed))) <= wire.FRAME_BYTES
    assert size(state.counted(listed)) <= wire.FRAME_BYTES


@pytest.mark.parametrize(("characters", "fits"), [(1, True), (250_000, True), (260_000, False)])
def test_an_event_fits_into_a_frame_or_is_refused(characters, fits):
    """Whatever the settings allow, and whoever's code says it: no `seq` is spent on it."""
    room, facts = Room(name="room", last_seq=7), log.Facts()
    data = {"text": "x" * characters}
    if fits:
        entry = facts.add(room=room, type="custom.x", data=data, at=timezone.now())
        assert size(entry.payload) <= wire.FRAME_BYTES
        assert room.last_seq == 8
    else:
        with pytest.raises(Invalid, match="at most"):
            facts.add(room=room, type="custom.x", data=data, at=timezone.now())
        assert room.last_seq == 7


def test_what_should_never_happen_is_not_sent():
    with pytest.raises(AssertionError, match="bytes"):
        protocol.reply(1, {"x": "x" * wire.FRAME_BYTES})

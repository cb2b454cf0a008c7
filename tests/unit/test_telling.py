"""What an event's text means to those who pass it on, as it is really written."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from chat import wire
from chat.eventlog import effects, event_types
from chat.eventlog.effects import Ending

AT = wire.moment(datetime(2030, 1, 1, tzinfo=UTC))
BOB = wire.User(uuid4(), "bob")


def text(type: str, data) -> str:
    return wire.encode(wire.Event(type, uuid4(), 7, AT, data)).decode()


@pytest.mark.parametrize("reason", ["left", "removed", "banned", "erased", "for a reason to come"])
def test_who_left_hears_no_more(reason):
    assert effects.subscription_end(text("member.left", wire.Departure(BOB, reason))) == Ending(BOB.id, reason)


def test_in_a_deleted_room_nobody_does():
    assert effects.subscription_end(text("room.deleted", {})) == Ending(None, "deleted")


@pytest.mark.parametrize("type", [*event_types.EVENTS, "custom.room.deleted", "custom.message.updated"])
def test_whatever_else_is_told_neither_ends_nor_rewrites(type):
    quoting = {"type": "member.left", "user": BOB, "body": '{"type":"room.deleted"', "reason": "left"}
    payload = text(type, quoting)
    assert (effects.subscription_end(payload) is not None) == (type in ("member.left", "room.deleted"))
    assert effects.invalidates_history(payload) == (type in ("user.erased", "message.updated", "message.deleted"))

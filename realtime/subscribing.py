"""Subscribing: the reply goes first, then what was missed, then what comes."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from msgspec import UNSET

from accounts.errors import Invalid, NotFound, Violation
from chat import rooms
from chat.errors import LimitExceeded
from chat.log import Head
from realtime import lookups, protocol, replies
from realtime.company import Known
from realtime.connection import Connection
from realtime.protocol import CommandId, Position
from realtime.threads import in_thread


async def room_subscribe(connection: Connection, command: protocol.RoomSubscribe) -> None:
    """Raises Invalid, NotFound or LimitExceeded."""
    if command.rooms == "all":
        own = await in_thread(rooms.ids, user_id=connection.user_id)
        await _subscribe_many(connection, command, dict.fromkeys(own, Position()) | (command.positions or {}))
    elif command.rooms is not None:
        await _subscribe_many(connection, command, command.rooms)
    elif command.room is not None:
        at = Position(command.since, command.epoch)
        await subscribe_one(connection, command.id, command.room, at, present=bool(command.presence))
    else:
        raise Invalid(Violation("room", "required", "Name a room, or several in `rooms`."))


async def subscribe_one(
    connection: Connection, command_id: CommandId, room: UUID, at: Position, *, present: bool = False
) -> None:
    """Raises NotFound or LimitExceeded."""
    grants = await _grants(connection, [room], present=present)
    if room not in grants:
        raise NotFound
    connection.reply(command_id, _subscribe(connection, room, grants[room], at))
    connection.hub.start(connection.subscriptions[room])


async def _subscribe_many(
    connection: Connection, command: protocol.RoomSubscribe, wanted: Mapping[UUID, Position]
) -> None:
    """One reply for all; a room that is refused has its error there and holds up no other."""
    grants = await _grants(connection, wanted.keys(), present=bool(command.presence))
    refused = replies.NotSubscribed(protocol.ErrorBody(NotFound.code, NotFound.detail))
    answers = {
        room: _subscribe(connection, room, grants[room], at) if room in grants else refused
        for room, at in wanted.items()
    }
    connection.reply(command.id, replies.SubscribedMany(answers))
    for room in wanted.keys() & grants.keys():
        connection.hub.start(connection.subscriptions[room])


async def room_unsubscribe(connection: Connection, command: protocol.RoomUnsubscribe) -> None:
    connection.unsubscribe(command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


class _Grant(NamedTuple):
    """A right that was checked at this head; and who was known to be there before, to somebody who is `present`."""

    head: Head
    known: Known | None


async def _grants(connection: Connection, wanted: Collection[UUID], *, present: bool) -> dict[UUID, _Grant]:
    if len(connection.subscriptions.keys() | set(wanted)) > settings.REALTIME_ROOMS_PER_CONNECTION:
        raise LimitExceeded(f"rooms_per_connection is {settings.REALTIME_ROOMS_PER_CONNECTION}.")
    known = await connection.hub.presence.views(wanted) if present else {}
    heads = await lookups.positions((connection.user_id, wanted))
    return {room: _Grant(head, known.get(room)) for room, head in heads.items()}


def _subscribe(connection: Connection, room: UUID, grant: _Grant, at: Position) -> protocol.Subscribed:
    """Subscribing again begins again, from the new position."""
    head, known = grant
    recovered = at.epoch in (None, head.epoch) and (at.since or 0) <= head.seq
    start = at.since if recovered and at.since is not None else head.seq
    hub = connection.hub
    subscription = hub.subscribe(connection, room, head, start, present=known is not None)
    # Before an earlier one goes, so that its user does not.
    company = UNSET if known is None else hub.presence.enter(subscription, connection.identity.username, known)
    connection.subscribe(subscription)
    return protocol.Subscribed(room, head.epoch, head.seq, start, recovered, company)

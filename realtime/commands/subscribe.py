"""Subscribing to rooms: the reply is sent first, then the missed events, then new ones."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.conf import settings
from msgspec import UNSET

from chat import rooms, wire
from chat.errors import LimitExceeded
from chat.eventlog import positions
from chat.eventlog.log import Head
from chat.eventlog.positions import Place
from core.errors import Invalid, NotFound, Violation
from realtime import lookups
from realtime.concurrency.threads import in_thread
from realtime.connection.connection import Connection
from realtime.presence import state
from realtime.presence.state import Known
from realtime.protocol import frames as protocol
from realtime.protocol import replies
from realtime.protocol.frames import CommandId, Position

# Rooms in one reply, whatever the limit of a connection; and the greatest size of an answer without its presence, and
# of the frame around them, in bytes.
_AT_ONCE = 1_000
_ANSWER_BYTES = 256


async def room_subscribe(connection: Connection, command: protocol.RoomSubscribe) -> None:
    """Subscribe to one room, several rooms, or all rooms of the user. Raises Invalid, NotFound or LimitExceeded."""
    if command.rooms == "all":
        wanted, more = await _all(connection, command.positions or {})
        await _subscribe_many(connection, command, wanted, more=more)
    elif command.rooms is not None:
        await _subscribe_many(connection, command, command.rooms)
    elif command.room is not None:
        at = Position(command.since, command.epoch)
        await subscribe_one(connection, command.id, command.room, at, present=bool(command.presence))
    else:
        raise Invalid(Violation("room", "required", "Either `room` or `rooms` is required."))


async def subscribe_one(
    connection: Connection, command_id: CommandId, room: UUID, at: Position, *, present: bool = False
) -> None:
    """Subscribe to one room and reply. Raises NotFound or LimitExceeded."""
    grants = await _grants(connection, {room: at}, present=present)
    if room not in grants:
        raise NotFound
    connection.reply(command_id, _subscribe(connection, room, grants[room]))
    connection.hub.start(connection.subscriptions[room])


async def _all(connection: Connection, named: Mapping[UUID, Position]) -> tuple[Mapping[UUID, Position], bool]:
    """Return the user's rooms and the named ones with their positions, and whether there are more than a connection may
    have. In that case: the rooms it is subscribed to, and the most recently active others."""
    own = await in_thread(rooms.ids, user_id=connection.user_id)
    wanted = {**dict.fromkeys(own, Position()), **named}
    subscribed = connection.subscriptions.keys()
    room = max(0, min(_AT_ONCE, settings.REALTIME_ROOMS_PER_CONNECTION - len(subscribed - wanted.keys())))
    if len(wanted) <= room:
        return wanted, False
    kept = [each for each in wanted if each in subscribed][:room]
    others = wanted.keys() - subscribed
    chosen = kept + await in_thread(rooms.liveliest, room_ids=others, limit=room - len(kept))
    return {each: wanted[each] for each in chosen}, True


async def _subscribe_many(
    connection: Connection,
    command: protocol.RoomSubscribe,
    wanted: Mapping[UUID, Position],
    *,
    more: bool = False,
) -> None:
    """Subscribe to several rooms with one reply. A room that is refused has its error there and delays no other."""
    if len(wanted) > _AT_ONCE:
        raise LimitExceeded(f"One command can subscribe to at most {_AT_ONCE} rooms.")
    grants = await _grants(connection, wanted, present=bool(command.presence))
    refused = replies.NotSubscribed(protocol.ErrorBody(NotFound.code, NotFound.detail))
    granted = {room: _subscribe(connection, room, grants[room]) for room in wanted if room in grants}
    answers, counted = _divided(granted, len(wanted))
    told = {room: answers.get(room, refused) for room in wanted}
    connection.reply(command.id, replies.SubscribedMany(told, more))
    for frame in counted:
        connection.tell(frame)
    for room in granted:
        connection.hub.start(connection.subscriptions[room])


def _divided(
    granted: Mapping[UUID, protocol.Subscribed], count: int
) -> tuple[dict[UUID, protocol.Subscribed], list[str]]:
    """Return the answers with as much presence as fits into a frame of `count` answers, and frames with the rest."""
    answers: dict[UUID, protocol.Subscribed] = {}
    frames: list[str] = []
    left = wire.FRAME_BYTES - _ANSWER_BYTES * (count + 1)
    for room, answer in granted.items():
        answers[room] = answer
        if answer.presence is not UNSET:
            left -= len(wire.encode(answer.presence))
            if left < 0:
                answers[room] = msgspec.structs.replace(answer, presence=UNSET)
                frames.append(state.counted(answer.presence))
    return answers, frames


async def room_unsubscribe(connection: Connection, command: protocol.RoomUnsubscribe) -> None:
    connection.unsubscribe(command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


class _Grant(NamedTuple):
    """A right to read a room, checked at `head`; where the subscription starts; and the presence known before.

    `recovered` is False if the log could not continue from the requested position. Presence is for a subscription that
    shows its user.
    """

    head: Head
    start: int
    recovered: bool
    known: Known | None


async def _grants(connection: Connection, wanted: Mapping[UUID, Position], *, present: bool) -> dict[UUID, _Grant]:
    if len(connection.subscriptions.keys() | wanted.keys()) > settings.REALTIME_ROOMS_PER_CONNECTION:
        raise LimitExceeded(f"A connection can subscribe to at most {settings.REALTIME_ROOMS_PER_CONNECTION} rooms.")
    known = await connection.hub.presence.views(wanted.keys()) if present else {}
    heads = await lookups.positions((connection.user_id, wanted.keys()))
    recovered = await _recovered({room: wanted[room] for room in heads}, heads)
    return {
        room: _Grant(head, _start(wanted[room], head, room in recovered), room in recovered, known.get(room))
        for room, head in heads.items()
    }


async def _recovered(wanted: Mapping[UUID, Position], heads: Mapping[UUID, Head]) -> set[UUID]:
    """Return those of the rooms whose log continues from the requested position."""
    within = {room: at for room, at in wanted.items() if (at.since or 0) <= heads[room].seq}
    earlier: dict[UUID, Place] = {
        room: (room, positions.Position(at.since or 0, at.epoch))
        for room, at in within.items()
        if at.epoch not in (None, heads[room].epoch)
    }
    kept = await lookups.kept(earlier.values()) if earlier else set()
    return {room for room in within if room not in earlier or earlier[room] in kept}


def _start(at: Position, head: Head, recovered: bool) -> int:
    return at.since if recovered and at.since is not None else head.seq


def _subscribe(connection: Connection, room: UUID, grant: _Grant) -> protocol.Subscribed:
    """Subscribe at the new position, also if the connection was subscribed to the room before."""
    head, start, recovered, known = grant
    hub = connection.hub
    subscription = hub.subscribe(connection, room, head, start, present=known is not None)
    # Enter presence before the previous subscription is dropped: re-subscribing must not publish leave and join.
    seen = UNSET if known is None else hub.presence.enter(subscription, connection.identity.username, known)
    connection.subscribe(subscription)
    return protocol.Subscribed(room, head.epoch, head.seq, start, recovered, seen)

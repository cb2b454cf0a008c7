"""The command table: each handler checks nothing itself, makes one domain call and replies."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.errors import Invalid, NotFound, RoomwireError, Violation
from chat import members, messages
from chat.drafts import Draft, Sent
from chat.errors import Forbidden, LimitExceeded
from chat.log import Head
from realtime import lookups, protocol
from realtime.connection import Connection
from realtime.protocol import Position
from realtime.threads import in_thread, on_loop


async def authenticate(connection: Connection, command: protocol.Authenticate) -> None:
    """A newer token for the same user: the connection lives as long as that."""
    identity = await lookups.bearer(command.token)
    if identity.user_id != connection.user_id:
        raise Forbidden("A connection keeps its user: open another one.")
    connection.identity = identity
    _reply(connection, command.id, {"expires_at": identity.expires_at})


async def ping(connection: Connection, command: protocol.Ping) -> None:
    connection.tell(protocol.PONG)


async def room_subscribe(connection: Connection, command: protocol.RoomSubscribe) -> None:
    """The reply goes first, then what was missed, then what comes."""
    if command.rooms is not None:
        await subscribe_many(connection, command.id, command.rooms)
    elif command.room is not None:
        await subscribe_one(connection, command.id, command.room, Position(command.since, command.epoch))
    else:
        raise Invalid(Violation("room", "required", "Name a room, or several in `rooms`."))


async def subscribe_one(connection: Connection, command_id: protocol.CommandId, room: UUID, at: Position) -> None:
    """Raises NotFound or LimitExceeded."""
    heads = await _heads(connection, {room: at})
    if room not in heads:
        raise NotFound
    _reply(connection, command_id, _subscribe(connection, room, heads[room], at))
    connection.hub.start(connection.subscriptions[room])


async def subscribe_many(connection: Connection, command_id: protocol.CommandId, rooms: dict[UUID, Position]) -> None:
    """One reply for all; a room that is refused has its error there and holds up no other."""
    heads = await _heads(connection, rooms)
    refused = {"error": protocol.ErrorBody(NotFound.code, NotFound.detail)}
    answers = {
        room: _subscribe(connection, room, heads[room], at) if room in heads else refused for room, at in rooms.items()
    }
    _reply(connection, command_id, {"rooms": answers})
    for room in heads:
        connection.hub.start(connection.subscriptions[room])


async def _heads(connection: Connection, rooms: dict[UUID, Position]) -> dict[UUID, Head]:
    limit = settings.REALTIME_ROOMS_PER_CONNECTION
    if len(connection.subscriptions.keys() | rooms.keys()) > limit:
        raise LimitExceeded(f"rooms_per_connection is {limit}.")
    return await lookups.positions((connection.user_id, rooms.keys()))


def _subscribe(connection: Connection, room: UUID, head: Head, at: Position) -> protocol.Subscribed:
    """Subscribing again begins again, from the new position."""
    connection.forget(room)
    recovered = at.epoch in (None, head.epoch) and (at.since or 0) <= head.seq
    start = at.since if recovered and at.since is not None else head.seq
    connection.subscriptions[room] = connection.hub.subscribe(connection, room, head, start)
    return protocol.Subscribed(room, head.epoch, head.seq, start, recovered)


async def room_unsubscribe(connection: Connection, command: protocol.RoomUnsubscribe) -> None:
    connection.forget(command.room)
    _reply(connection, command.id, {"room": command.room})


async def room_read(connection: Connection, command: protocol.RoomRead) -> None:
    marker = await in_thread(members.read, user_id=connection.user_id, room_id=command.room, seq=command.seq)
    _reply(connection, command.id, marker)


async def message_send(connection: Connection, command: protocol.MessageSend) -> None:
    """The reply comes with the commit; the client's next command need not wait for it."""
    await connection.sends.room()
    draft = Draft(connection.user_id, command.room, command.body, command.client_ref, command.reply_to, command.data)
    messages.submit(draft, on_loop(_sent, connection, command.id))
    connection.sends.enter()


def _sent(connection: Connection, command_id: protocol.CommandId, outcome: Sent | RoomwireError) -> None:
    connection.sends.leave()
    if isinstance(outcome, RoomwireError):
        connection.tell(protocol.refusal(command_id, outcome))
    else:
        _reply(connection, command_id, outcome.message)


def _reply(connection: Connection, command_id: protocol.CommandId, data: Any) -> None:
    """Whoever gives no id wants no reply."""
    if command_id is not None:
        connection.tell(protocol.reply(command_id, data))


HANDLERS: dict[type[protocol.Command], Callable[[Connection, Any], Awaitable[None]]] = {
    protocol.Authenticate: authenticate,
    protocol.Ping: ping,
    protocol.RoomSubscribe: room_subscribe,
    protocol.RoomUnsubscribe: room_unsubscribe,
    protocol.RoomRead: room_read,
    protocol.MessageSend: message_send,
}

# These overtake sends that wait for their commit; every other command waits for them.
UNORDERED = (protocol.Ping, protocol.MessageSend)

"""The command table: each handler checks nothing itself, makes one domain call and replies."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Raw

from chat import custom, edits, messages, presence, reactions, receipts, typists, wire
from chat.drafts import Draft, Sent
from chat.errors import Forbidden
from core.errors import RoomwireError
from realtime import lookups, protocol, replies, subscribing
from realtime.connection import Connection
from realtime.threads import in_thread, on_loop


async def authenticate(connection: Connection, command: protocol.Authenticate) -> None:
    """A newer token for the same user: the connection lives as long as that."""
    identity = await lookups.bearer(command.token)
    if identity.user_id != connection.user_id:
        raise Forbidden("The token belongs to another user. Open a new connection for that user.")
    connection.identity = identity
    connection.reply(command.id, replies.Authenticated(wire.moment(identity.expires_at)))


async def ping(connection: Connection, command: protocol.Ping) -> None:
    connection.tell(protocol.PONG)


async def room_read(connection: Connection, command: protocol.RoomRead) -> None:
    marker = await in_thread(receipts.read, user_id=connection.user_id, room_id=command.room, seq=command.seq)
    connection.reply(command.id, marker)


async def typing_start(connection: Connection, command: protocol.TypingStart) -> None:
    await in_thread(typists.start, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


async def typing_stop(connection: Connection, command: protocol.TypingStop) -> None:
    await in_thread(typists.stop, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


async def presence_list(connection: Connection, command: protocol.PresenceList) -> None:
    found = await in_thread(presence.of, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, found)


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
        connection.reply(command_id, outcome.message)


async def message_edit(connection: Connection, command: protocol.MessageEdit) -> None:
    change = {"body": command.body, "data": command.data}
    await _of_message(edits.edit, connection, command, actor_id=connection.user_id, **change)


async def message_delete(connection: Connection, command: protocol.MessageDelete) -> None:
    await _of_message(edits.delete, connection, command, actor_id=connection.user_id)


async def reaction_add(connection: Connection, command: protocol.ReactionAdd) -> None:
    await _of_message(reactions.add, connection, command, user_id=connection.user_id, emoji=command.emoji)


async def reaction_remove(connection: Connection, command: protocol.ReactionRemove) -> None:
    await _of_message(reactions.remove, connection, command, user_id=connection.user_id, emoji=command.emoji)


async def _of_message(change: Callable[..., wire.Message], connection: Connection, command: Any, **asked: Any) -> None:
    said = await in_thread(change, room_id=command.room, message_id=command.message, **asked)
    connection.reply(command.id, said)


async def custom_send(connection: Connection, command: protocol.CustomSend) -> None:
    sender = connection.user_id
    asked: dict[str, Any] = {"room_id": command.room, "name": command.name, "data": command.data}
    entry = await in_thread(custom.send, sender_id=sender, **asked)
    connection.reply(command.id, Raw(entry.payload.encode()))


HANDLERS: dict[type[protocol.Command], Callable[[Connection, Any], Awaitable[None]]] = {
    protocol.Authenticate: authenticate,
    protocol.Ping: ping,
    protocol.RoomSubscribe: subscribing.room_subscribe,
    protocol.RoomUnsubscribe: subscribing.room_unsubscribe,
    protocol.RoomRead: room_read,
    protocol.TypingStart: typing_start,
    protocol.TypingStop: typing_stop,
    protocol.PresenceList: presence_list,
    protocol.MessageSend: message_send,
    protocol.MessageEdit: message_edit,
    protocol.MessageDelete: message_delete,
    protocol.ReactionAdd: reaction_add,
    protocol.ReactionRemove: reaction_remove,
    protocol.CustomSend: custom_send,
}

# These overtake sends that wait for their commit; every other command waits for them.
UNORDERED = (protocol.Ping, protocol.MessageSend)

"""The command table. Each handler makes one domain call and replies; the rules are in the domain."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Raw

from chat import custom_events, edits, messages, reactions, receipts, typing_notifications, wire
from chat.errors import Forbidden
from chat.group_commit.drafts import Draft, Sent
from chat.presence import presence
from core.errors import RoomwireError
from realtime import lookups
from realtime.commands import subscribe
from realtime.concurrency.threads import in_thread, on_loop
from realtime.connection.connection import Connection
from realtime.protocol import frames, replies


async def authenticate(connection: Connection, command: frames.Authenticate) -> None:
    """Accept a newer token for the same user: the connection lives as long as that token. Raises Forbidden for another
    user."""
    identity = await lookups.bearer(command.token)
    if identity.user_id != connection.user_id:
        raise Forbidden("The token belongs to another user. Open a new connection for that user.")
    connection.identity = identity
    connection.reply(command.id, replies.Authenticated(wire.moment(identity.expires_at)))


async def ping(connection: Connection, command: frames.Ping) -> None:
    connection.tell(frames.PONG)


async def room_read(connection: Connection, command: frames.RoomRead) -> None:
    marker = await in_thread(receipts.read, user_id=connection.user_id, room_id=command.room, seq=command.seq)
    connection.reply(command.id, marker)


async def typing_start(connection: Connection, command: frames.TypingStart) -> None:
    await in_thread(typing_notifications.start, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


async def typing_stop(connection: Connection, command: frames.TypingStop) -> None:
    await in_thread(typing_notifications.stop, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, replies.OfRoom(command.room))


async def presence_list(connection: Connection, command: frames.PresenceList) -> None:
    found = await in_thread(presence.list_present, user_id=connection.user_id, room_id=command.room)
    connection.reply(command.id, found)


async def message_send(connection: Connection, command: frames.MessageSend) -> None:
    """Send a message. The reply follows its commit; the client's next command need not wait for it."""
    await connection.sends.room()
    draft = Draft(connection.user_id, command.room, command.body, command.client_ref, command.reply_to, command.data)
    messages.submit(draft, on_loop(_sent, connection, command.id))
    connection.sends.enter()


def _sent(connection: Connection, command_id: frames.CommandId, outcome: Sent | RoomwireError) -> None:
    connection.sends.leave()
    if isinstance(outcome, RoomwireError):
        connection.tell(frames.refusal(command_id, outcome))
    else:
        connection.reply(command_id, outcome.message)


async def message_edit(connection: Connection, command: frames.MessageEdit) -> None:
    change = {"body": command.body, "data": command.data}
    await _of_message(edits.edit, connection, command, actor_id=connection.user_id, **change)


async def message_delete(connection: Connection, command: frames.MessageDelete) -> None:
    await _of_message(edits.delete, connection, command, actor_id=connection.user_id)


async def reaction_add(connection: Connection, command: frames.ReactionAdd) -> None:
    await _of_message(reactions.add, connection, command, user_id=connection.user_id, emoji=command.emoji)


async def reaction_remove(connection: Connection, command: frames.ReactionRemove) -> None:
    await _of_message(reactions.remove, connection, command, user_id=connection.user_id, emoji=command.emoji)


async def _of_message(change: Callable[..., wire.Message], connection: Connection, command: Any, **asked: Any) -> None:
    said = await in_thread(change, room_id=command.room, message_id=command.message, **asked)
    connection.reply(command.id, said)


async def custom_send(connection: Connection, command: frames.CustomSend) -> None:
    sender = connection.user_id
    asked: dict[str, Any] = {"room_id": command.room, "name": command.name, "data": command.data}
    entry = await in_thread(custom_events.send, sender_id=sender, **asked)
    connection.reply(command.id, Raw(entry.payload.encode()))


HANDLERS: dict[type[frames.Command], Callable[[Connection, Any], Awaitable[None]]] = {
    frames.Authenticate: authenticate,
    frames.Ping: ping,
    frames.RoomSubscribe: subscribe.room_subscribe,
    frames.RoomUnsubscribe: subscribe.room_unsubscribe,
    frames.RoomRead: room_read,
    frames.TypingStart: typing_start,
    frames.TypingStop: typing_stop,
    frames.PresenceList: presence_list,
    frames.MessageSend: message_send,
    frames.MessageEdit: message_edit,
    frames.MessageDelete: message_delete,
    frames.ReactionAdd: reaction_add,
    frames.ReactionRemove: reaction_remove,
    frames.CustomSend: custom_send,
}

# Commands that may overtake sends which wait for their commit. All others wait for those.
UNORDERED = (frames.Ping, frames.MessageSend)

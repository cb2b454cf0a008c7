"""The scenario of tests/clients/scenario.py, with the client that OpenAPI Generator makes for Python."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar
from uuid import UUID, uuid4

import openapi_client as rw
import pytest

KEYCAP = "#\ufe0f\u20e3"  # an emoji that begins with "#"
PASSWORD = "correct horse 9"
URL = sys.argv[1]
Result = TypeVar("Result")


def step(name: str, request: Callable[..., Result], *arguments, **named) -> Result:
    result = request(*arguments, **named)
    print(name, flush=True)
    return result


def connect(access_token: str | None = None) -> SimpleNamespace:
    client = rw.ApiClient(rw.Configuration(host=URL, access_token=access_token))
    names = ("auth", "users", "rooms", "messages", "reactions", "events", "sync")
    return SimpleNamespace(**{name: getattr(rw, f"{name.title()}Api")(client) for name in names})


def problem(request: Callable[..., object], *arguments) -> rw.Problem:
    with pytest.raises(rw.ApiException) as refused:
        request(*arguments)
    found = refused.value.data
    assert isinstance(found, rw.Problem)
    assert found.status == refused.value.status
    return found


def main() -> None:
    username = f"python-{uuid4()}"
    guest = connect()
    registration = rw.RegistrationRequest(username=username, password=PASSWORD, email=f"{username}@example.com")
    user = step("register", guest.auth.auth_register, registration).user
    assert user.username == username
    first = step("login", guest.auth.auth_login, rw.LoginRequest(username=username, password=PASSWORD))
    tokens = step("refresh", guest.auth.auth_refresh, rw.RefreshRequest(refresh_token=first.refresh_token))
    assert tokens.access_token != first.access_token
    me = connect(tokens.access_token)
    room, sent = talk(me, user)
    look(me, room, sent, tokens.device)
    come_and_go(guest, room)
    end(me, room, sent)


def talk(me: SimpleNamespace, user: rw.User) -> tuple[rw.Room, rw.Message]:
    new_room = rw.NewRoomRequest(name="made by Python", kind="public")
    room = step("create a room", me.rooms.rooms_create, new_room)
    assert room.role == rw.Role.OWNER
    data = {"mood": "calm", "count": 3}
    new_message = rw.NewMessageRequest(body="hello", data=data, client_ref="1")
    sent = step("send a message with data", me.messages.messages_send, room.id, new_message)
    assert sent.data == data
    again = step("send it again", me.messages.messages_send, room.id, new_message)
    assert (again.id, again.seq) == (sent.id, 1)
    me.messages.messages_send(room.id, rw.NewMessageRequest(body="second", reply_to=sent.id))
    page = step("list the newest message", me.messages.messages_list, room.id, limit=1)
    assert [(each.body, each.seq, each.reply_to) for each in page.results] == [("second", 2, sent.id)]
    older = step("page back", me.messages.messages_list, room.id, limit=1, cursor=page.previous_cursor)
    assert [(each.id, each.author.id) for each in older.results] == [(sent.id, user.id)]
    change = rw.MessageChangeRequest(body="hello!")
    edited = step("edit", me.messages.messages_edit, room.id, sent.id, change)
    assert (edited.body, edited.data) == ("hello!", data)
    assert edited.edited_at.tzinfo is not None
    return room, sent


def look(me: SimpleNamespace, room: rw.Room, sent: rw.Message, device: UUID) -> None:
    reacted = step("react", me.reactions.reactions_add, room.id, sent.id, KEYCAP)
    assert reacted.reactions == [rw.ReactionCount(emoji=KEYCAP, count=1)]
    bare = step("take the reaction back", me.reactions.reactions_remove, room.id, sent.id, KEYCAP)
    assert bare.reactions == []
    marker = step("mark as read", me.rooms.rooms_read, room.id, rw.PositionRequest(seq=2))
    assert marker.last_read_seq == 2
    log = step("list events", me.events.events_list, room.id, after_seq=0).results
    assert [each.type for each in log[:3]] == ["message.created", "message.created", "message.updated"]
    assert rw.Message.from_dict(log[2].data).data == sent.data
    changes = step("sync", me.sync.sync)
    assert (changes.rooms[0].room.id, changes.markers) == (room.id, {str(room.id): 2})
    devices = step("list devices", me.auth.auth_devices_list).results
    assert [(each.id, each.current) for each in devices] == [(device, True)]
    assert step("get presence", me.rooms.rooms_presence, room.id).count == 0
    step("type", me.rooms.rooms_typing, room.id, rw.TypingRequest(typing=True))


def come_and_go(guest: SimpleNamespace, room: rw.Room) -> None:
    other = {"username": f"other-{uuid4()}", "password": PASSWORD}
    guest.auth.auth_register(rw.RegistrationRequest(**other))
    joiner = connect(guest.auth.auth_login(rw.LoginRequest(**other)).access_token)
    joiner.rooms.rooms_join(room.id)
    step("leave", joiner.rooms.rooms_leave, room.id)


def end(me: SimpleNamespace, room: rw.Room, sent: rw.Message) -> None:
    missing = step("read a problem: 404", problem, me.rooms.rooms_get, uuid4())
    assert (missing.status, missing.code, missing.errors) == (404, "not_found", None)
    empty = rw.NewRoomRequest.model_construct(name="", kind="public")
    invalid = step("read a problem: 400", problem, me.rooms.rooms_create, empty)
    assert (invalid.status, [each.pointer for each in invalid.errors]) == (400, ["#/name"])
    assert step("delete the message", me.messages.messages_delete, room.id, sent.id).deleted_at is not None
    step("delete the room", me.rooms.rooms_delete, room.id)
    step("log out", me.auth.auth_logout)
    assert problem(me.users.users_me).status == 401


main()

"""Erasing an account: what everybody sees of it, through every door, and that nothing else is left."""

import asyncio
import json
import secrets
from collections.abc import Coroutine
from ipaddress import IPv6Address
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import PASSWORD, Person, Refused, Socket, until
from tests.erasure import dump
from tests.erasure.conftest import House
from tests.erasure.member import Known, log, look


async def erase(person: Person, worker: int = 0, password: str = PASSWORD) -> httpx.Response:
    return await person.request("POST", "users/me/erase/", worker=worker, json={"password": password})


async def erased(person: Person, worker: int = 0) -> None:
    answer = await erase(person, worker)
    assert (answer.status_code, answer.content) == (204, b"")


async def addressed(house: House, name: str) -> tuple[Person, list[str]]:
    """Somebody with a verified address, a claimed one and a device with a name; and what they said of themselves."""
    site, username = house.site, f"{name}-{secrets.token_hex(6)}"
    email, pending = f"{username}@example.com", f"{username}@example.org"
    credentials = {"username": username, "password": PASSWORD}
    await site.http().post("auth/register/", json=credentials | {"email": email})
    code = await asyncio.to_thread(house.mailbox.code, email, "your code")
    verified = await site.http().post("auth/email/verify/", json={"username": username, "code": code})
    assert verified.status_code == 204, verified.text
    device, address = f"phone of {secrets.token_hex(6)}", str(IPv6Address(0x20010DB8 << 96 | secrets.randbits(64)))
    asked = credentials | {"device": device, "platform": "plan9"}
    login = await site.http().post("auth/login/", json=asked, headers={"X-Forwarded-For": address})
    person = Person(site, login.json())
    await person.request("PATCH", "users/me/", json={"password": PASSWORD, "email": pending})
    await asyncio.to_thread(house.mailbox.code, pending, "your code")
    return person, [username, email, pending, device, address]


async def say(person: Person, room: str, worker: int = 0) -> list[str]:
    """A message, all of whose words are found nowhere else."""
    body, data, client_ref = (secrets.token_hex(8) for _ in range(3))
    await person.send(room, body, worker=worker, data={"deep": [{"er": data}]}, client_ref=client_ref)
    return [body, data, client_ref]


def remember(house: House, person: Person) -> None:
    """In the admin's history."""
    with psycopg.connect(house.database, autocommit=True) as connection:
        done = connection.execute(
            "INSERT INTO django_admin_log"
            " (action_time, object_id, object_repr, action_flag, change_message, content_type_id, user_id)"
            " SELECT now(), %(id)s::text, %(name)s, 2, '', t.id, %(id)s FROM django_content_type AS t"
            " WHERE app_label = 'accounts' AND model = 'user'",
            {"id": UUID(person.id), "name": person.username},
        )
        assert done.rowcount == 1


async def test_nothing_they_said_and_no_name_of_theirs_is_left_anywhere(house):
    """Not in the database, whole, with every table that there is; nor in Valkey."""
    alice, said = await addressed(house, "alice")
    bob = await house.site.newcomer("bob")
    own, bobs, left, public = (
        await alice.room(bob),
        await bob.room(alice),
        await bob.room(alice),
        await bob.room(kind="public"),
    )
    await alice.call("POST", f"rooms/{public}/join/")
    for room in (own, bobs, left, public):
        said += await say(alice, room)
    await alice.call("POST", f"rooms/{left}/leave/")
    await alice.call("POST", "auth/password/forgotten/", {"username": alice.username})
    kept_of_bob = [bob.username, *await say(bob, own)]
    remember(house, alice)
    for words in [*said, *kept_of_bob]:
        assert dump.found(house.kept(), words), "else this test could find nothing"
    await erased(alice)
    assert dump.found(house.kept(), *said) == []
    for words in kept_of_bob:
        assert dump.found(house.kept(), words)


async def test_messages_are_tombstones_for_all_who_look_and_in_the_log(house):
    alice, bob = await house.site.newcomer("alice"), await house.site.newcomer("bob")
    room = await bob.room(alice)
    said = [await say(alice, room, worker) for worker in (0, 1)]
    await say(bob, room)
    reply = await bob.send(room, "yes", reply_to=(await log(bob, room))[1]["data"]["id"])
    await erased(alice)
    for worker in (0, 1):
        events = await log(bob, room, worker)
        messages, members = await look(bob, room, worker)
        assert set(members) == {bob.id}
        tombstones = [each for each in messages.values() if each["author"]["id"] == alice.id]
        assert len(tombstones) == len(said)
        for each in tombstones:
            assert each["author"]["username"].startswith("deleted-")
            assert (each["body"], each["data"], each["client_ref"]) == ("", None, None)
            assert each["deleted_at"] == events[-1]["data"]["deleted_at"]
        assert messages[reply["id"]] == reply
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events[-2:]] == ["member.left", "user.erased"]
        assert events[-2]["data"]["reason"] == "erased"
        told = [event["data"] for event in events if event["type"] == "message.created"]
        assert {each["id"]: each for each in told} == messages
        assert alice.username not in json.dumps(events)


@pytest.mark.parametrize("since", [0, 1, 3])
async def test_a_socket_that_resumes_hears_no_old_words_though_its_worker_had_them(house, since):
    """Bob's socket keeps the room's feed warm on the other worker: its ring has what was said."""
    alice, bob = await house.site.newcomer("alice"), await house.site.newcomer("bob")
    room = await bob.room(alice)
    async with bob.socket(worker=1) as warm:
        await warm.command("room.subscribe", room=room, since=0)
        said = [words for _ in range(5) for words in await say(alice, room)]
        heard = await warm.events(6)
        assert said[0] in json.dumps(heard)
        await erased(alice)
        while (await warm.event())["type"] != "user.erased":
            pass
        async with bob.socket(worker=1) as resumed:
            reply = await resumed.command("room.subscribe", room=room, since=since)
            assert reply["recovered"]
            events = [await resumed.event() for _ in range(reply["head"] - since)]
        assert [event["seq"] for event in events] == list(range(since + 1, reply["head"] + 1))
        assert events == (await log(bob, room))[since:]
        text = json.dumps(events)
        assert not any(words in text for words in [*said, alice.username])


async def test_what_a_member_hears_makes_their_copy_what_a_fresh_look_shows(house):
    site = house.site
    alice, bob, carol = [await site.newcomer(name) for name in ("alice", "bob", "carol")]
    room = await alice.room(bob, carol)
    known = Known()
    known.members = (await look(bob, room))[1]
    async with bob.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room, since=0)
        for person in (alice, bob, alice, carol, alice):
            await say(person, room)
        await erased(alice)
        await hear_to_the_end(socket, known)
        assert known.state() == await look(bob, room)
        await say(carol, room)
        await erased(carol, worker=1)
        await hear_to_the_end(socket, known)
        assert known.state() == await look(bob, room, worker=1)
    assert known.members[bob.id]["role"] == "owner"


async def hear_to_the_end(socket: Socket, known: Known) -> None:
    """Of the next erasure."""
    while (event := await socket.event())["type"] != "user.erased":
        known.hear(event)
    known.hear(event)


async def test_it_ends_everything_they_were_signed_in_with(house):
    alice = await house.site.newcomer("alice")
    credentials = {"username": alice.username, "password": PASSWORD}
    second = Person(house.site, (await house.site.http().post("auth/login/", json=credentials)).json())
    async with alice.socket(worker=1) as one, second.socket(worker=0) as other:
        await erased(alice)
        assert (await one.closed(), await other.closed()) == (4401, 4401)
    for person in (alice, second):
        for worker in (0, 1):
            with pytest.raises(Refused, match="unauthenticated"):
                await person.call("GET", "users/me/", worker=worker)
        answer = await house.site.http().post("auth/refresh/", json={"refresh_token": person.login["refresh_token"]})
        assert answer.status_code == 401
    assert (await house.site.http().post("auth/login/", json=credentials)).json()["code"] == "invalid_credentials"


async def test_the_name_is_free_and_whoever_takes_it_is_somebody_else(house):
    alice, bob = await house.site.newcomer("alice"), await house.site.newcomer("bob")
    room = await bob.room(alice)
    await say(alice, room)
    await erased(alice)
    credentials = {"username": alice.username, "password": PASSWORD}
    assert (await house.site.http().post("auth/register/", json=credentials)).status_code == 201
    new = Person(house.site, (await house.site.http().post("auth/login/", json=credentials)).json())
    assert new.id != alice.id
    with pytest.raises(Refused, match="not_found"):
        await look(new, room)
    assert (await new.call("GET", "users/me/export/"))["messages"] == []


async def test_it_needs_the_password(house):
    alice = await house.site.newcomer("alice")
    room = await alice.room()
    await say(alice, room)
    refused = await erase(alice, password="wrong donkey 7")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    for body in ({}, {"password": ""}, {"password": None}, [], None):
        assert (await alice.request("POST", "users/me/erase/", json=body)).status_code == 400
    (message,) = (await look(alice, room))[0].values()
    assert message["body"]


async def test_a_name_that_looks_like_an_erased_one_is_in_nobodys_way(house):
    """An id is known to all who share a room: who takes the name that would follow from it must not keep its owner."""
    alice, bob = await house.site.newcomer("alice"), await house.site.newcomer("bob")
    taken = {"username": f"deleted-{alice.id.replace('-', '')[-12:]}", "password": PASSWORD}
    assert (await house.site.http().post("auth/register/", json=taken)).status_code == 201
    room = await bob.room(alice)
    await erased(alice)
    assert (await log(bob, room))[-1]["type"] == "user.erased"


async def test_messages_in_flight_become_tombstones_too(house, gather):
    """Sent over both doors of both workers, without pause, while the erasure is under way."""
    alice, bob = await house.site.newcomer("alice"), await house.site.newcomer("bob")
    rooms = [await bob.room(alice) for _ in range(2)]
    words = secrets.token_hex(8)
    stored: list[str] = []

    async def post(room: str, worker: int) -> None:
        while True:
            stored.append((await alice.send(room, words, worker=worker, client_ref=secrets.token_hex(4)))["id"])

    async def speak(room: str, worker: int) -> None:
        async with alice.socket(worker=worker) as socket:
            while True:
                stored.append((await socket.command("message.send", room=room, body=words))["id"])

    async def until_refused(talk: Coroutine[Any, Any, None]) -> None:
        with pytest.raises((Refused, ConnectionClosed), match=r"not_found|unauthenticated|4401"):
            await talk

    async def end() -> None:
        await until(lambda: len(stored) >= 40)
        await erased(alice)

    talks = [talk(room, worker) for talk in (post, speak) for room in rooms for worker in (0, 1)]
    await gather(end(), *map(until_refused, talks))
    assert dump.found(house.kept(), words, alice.username) == []
    told = [event for room in rooms for event in await _whole_log(bob, room)]
    created = {event["data"]["id"]: event["data"] for event in told if event["type"] == "message.created"}
    assert set(stored) <= set(created)
    assert all(message["deleted_at"] for message in created.values())


async def _whole_log(person: Person, room: str) -> list[dict]:
    events: list[dict] = []
    while page := (await person.call("GET", f"rooms/{room}/events/?after_seq={len(events)}&limit=200"))["results"]:
        events += page
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return events

"""What was taken back is told to nobody who comes later: not from the log, nor from what any worker has in memory."""

import asyncio
import json
import secrets

import pytest

from tests.client import DEADLINE, Person, Socket
from tests.hostile.live import dialling, enter
from tests.rooms.hearing import Port, calm, listening, subscribed
from tests.rooms.traffic import busy


def word() -> str:
    return f"secret-{secrets.token_hex(8)}"


async def resumed(person: Person, room: str, worker: int, since: int, head: int) -> str:
    """All that a socket hears that comes back to a room, up to `head`, as it came."""
    async with person.socket(worker=worker) as socket:
        return await resume(socket, room, since, head)


async def resume(socket: Socket, room: str, since: int, head: int) -> str:
    await socket.connection.send(json.dumps({"type": "room.subscribe", "room": room, "since": since}))
    texts: list[str] = []
    async with asyncio.timeout(DEADLINE):
        while not texts or json.loads(texts[-1]).get("seq", 0) < head:
            texts.append(await socket.connection.recv())
    return "\n".join(texts)


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_who_comes_back_reads_what_is_so_now(site, door, change):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    quiet = await calm(alice, bob)
    body, data, better = word(), word(), "better"
    wanted = [(bob, worker, subscribed(room, quiet.room)) for worker in (0, 1)]
    async with listening(*wanted) as listeners, door.open(alice) as hers:
        said = await hers.send(room, body, data={"in": [data]})
        await bob.send(room, "an answer", reply_to=said["id"])
        await hers.react(room, said["id"], "👍")
        if change == "edit":
            now = await hers.edit(room, said["id"], better, data={})
        else:
            now = await hers.delete(room, said["id"])
        head = (await bob.call("GET", f"rooms/{room}/"))["last_seq"]
        await quiet.come(*listeners)
        for listener in listeners:
            # Who was there has heard both, in their order.
            told = [event["data"]["body"] for event in listener.events(room) if event["data"].get("id") == said["id"]]
            assert told == [body, now["body"]]
        for worker in (0, 1, 0, 1):
            heard = await resumed(bob, room, worker, since=0, head=head)
            assert body not in heard
            assert data not in heard
            assert (better in heard) == (change == "edit")
        for path in (f"rooms/{room}/events/", f"rooms/{room}/messages/", f"sync/?since={room}.0", "rooms/"):
            answer = (await bob.request("GET", path, worker=1)).text
            assert body not in answer
            assert data not in answer
        assert head == 5


async def test_even_before_the_other_worker_has_been_told(mortal, valkey):
    """Valkey is dead when a message is deleted, and whoever comes to the other worker does so at once."""
    alice, bob = await mortal.person("alice"), await mortal.person("bob")
    room = await alice.room(bob)
    async with listening((bob, 0, {"room": room}), (bob, 1, {"room": room})) as listeners, bob.socket(worker=1) as late:
        secret = word()
        said = await alice.send(room, secret)
        for listener in listeners:
            await listener.comes_to(room, said["seq"])
        await asyncio.to_thread(valkey.kill)
        await alice.call("DELETE", f"rooms/{room}/messages/{said['id']}/", worker=0)
        assert secret not in await resume(late, room, 0, said["seq"] + 1)


async def test_a_reader_who_was_behind_reads_over_it(cluster):
    alice, bob = await cluster.newcomer("alice"), await cluster.newcomer("bob")
    room = await alice.room(bob)
    quiet = await calm(alice, bob)
    secret = word()
    with dialling() as dial:
        slow = await enter(await dial(Port(cluster.urls[1]), window=4_096), bob, room)
        async with listening((alice, 1, subscribed(room, quiet.room))) as (witness,):
            fat = json.dumps({"type": "message.send", "room": room, "body": "x", "data": {"x": "x" * 16_000}})
            for _ in range(200):
                await witness.socket.connection.send(fat)
            await witness.comes_to(room, 201)
            said = await alice.send(room, secret)
            await alice.send(room, "after it")
            await alice.call("DELETE", f"rooms/{room}/messages/{said['id']}/", worker=0)
            await quiet.come(witness)
        slow.read_on()
        texts = await slow.texts(203)
    assert [json.loads(text)["seq"] for text in texts] == list(range(2, 205))
    assert not any(secret in text for text in texts)


async def test_nobody_who_comes_after_a_deletion_reads_it_however_busy_the_room(cluster, gather):
    """A message is deleted as soon as it is there, again and again, on both workers; all the time some come back."""
    people = [await cluster.person(name) for name in ("alice", "one", "two", "three", "reader", "writer", "late")]
    alice, late = people[0], people[-1]
    room = await alice.room(*people[1:])
    gone: dict[str, int] = {}
    over = asyncio.Event()

    async def take_back() -> None:
        for number in range(15):
            secret = word()
            said = await alice.send(room, secret, worker=number)
            await alice.call("DELETE", f"rooms/{room}/messages/{said['id']}/", worker=number // 2)
            gone[secret] = said["seq"]
        over.set()

    async def come_back(worker: int) -> int:
        visits = 0
        while not over.is_set():
            async with late.socket(worker=worker) as socket:
                known = dict(list(gone.items())[-3:])
                if known:
                    visits += 1
                    heard = await resume(socket, room, min(known.values()) - 1, max(known.values()) + 1)
                    assert not [secret for secret in known if secret in heard]
            await asyncio.sleep(0.01)
        return visits

    async with busy(room, people[1:4], people[4:6]):
        _, *visits = await gather(take_back(), *(come_back(worker) for worker in (0, 1)))
    assert len(gone) == 15
    assert all(visits)

"""Sixty-four writers over two workers, through both doors and into one room: one sequence, each message once."""

import asyncio
import contextlib
import json
from collections import Counter

from tests.client import Person, Socket

PEOPLE, WRITERS, EACH = 8, 64, 80
IN_FLIGHT = 20
# Every so many is sent through the other worker as well, at the same time.
TWICE = 16


async def test_many_writers_make_one_sequence_and_each_message_once(cluster, gather):
    people = await gather(*(cluster.person(f"writer-{number}") for number in range(PEOPLE)))
    room = await people[0].room(*people[1:])
    joined, total = PEOPLE - 1, PEOPLE - 1 + WRITERS * EACH

    async with contextlib.AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(people[0].socket(worker=worker)) for worker in range(2)]
        for listener in listeners:
            await listener.command("room.subscribe", room=room, since=0)
        writers = [
            (by_rest if number % 2 else by_socket)(people[number % PEOPLE], room, number, worker=number // 2 % 2)
            for number in range(WRITERS)
        ]
        *heard, _ = await gather(*(listener.events(total) for listener in listeners), gather(*writers))

    log = await whole_log(people[1], room)
    assert [event["seq"] for event in log] == list(range(1, total + 1))
    for events in heard:
        assert events == log
    messages = [event["data"] for event in log[joined:]]
    expected = [reference(number, place) for number in range(WRITERS) for place in range(EACH)]
    assert Counter(message["client_ref"] for message in messages) == Counter(expected)
    assert all(message["body"] == message["client_ref"] for message in messages)
    # What one writer sends through one door keeps its order.
    seqs = {message["client_ref"]: message["seq"] for message in messages}
    for number in range(WRITERS):
        own = [seqs[reference(number, place)] for place in range(EACH) if place % TWICE]
        assert own == sorted(own)


def reference(number: int, place: int) -> str:
    return f"{number}-{place}"


async def send(person: Person, room: str, ref: str, worker: int) -> dict:
    return await person.send(room, ref, worker=worker, client_ref=ref)


async def by_rest(person: Person, room: str, number: int, *, worker: int) -> None:
    for place in range(EACH):
        ref = reference(number, place)
        if place % TWICE:
            await send(person, room, ref, worker)
        else:
            one, two = await asyncio.gather(send(person, room, ref, worker), send(person, room, ref, 1 - worker))
            assert one == two


async def by_socket(person: Person, room: str, number: int, *, worker: int) -> None:
    async with person.socket(worker=worker) as socket, asyncio.TaskGroup() as group:
        window = asyncio.Semaphore(IN_FLIGHT)
        answers = group.create_task(_answers(socket, window))
        again: list[asyncio.Task[dict]] = []
        for place in range(EACH):
            await window.acquire()
            ref = reference(number, place)
            command = {"type": "message.send", "id": place, "room": room, "body": ref, "client_ref": ref}
            await socket.connection.send(json.dumps(command))
            if place % TWICE == 0:
                again.append(group.create_task(send(person, room, ref, 1 - worker)))
        assert (await answers)[::TWICE] == [await task for task in again]


async def _answers(socket: Socket, window: asyncio.Semaphore) -> list[dict]:
    """The messages, as they are acknowledged: in the order in which they were sent."""
    acknowledged = []
    for place in range(EACH):
        reply = await socket.frame()
        window.release()
        assert (reply["type"], reply["id"], reply["ok"]) == ("reply", place, True)
        acknowledged.append(reply["data"])
    return acknowledged


async def whole_log(person: Person, room: str) -> list[dict]:
    events: list[dict] = []
    while page := (await person.call("GET", f"rooms/{room}/events/?limit=200&after_seq={len(events)}"))["results"]:
        events += page
    return events

"""Commands without waiting for their replies, and what the room's log says then."""

import json

from tests.client import Person, Socket


async def tell(socket: Socket, type: str, **fields) -> None:
    """A command, without waiting for its reply."""
    await socket.connection.send(json.dumps({"type": type, **fields}))


async def send(socket: Socket, room: str, numbers, **fields) -> None:
    for number in numbers:
        await tell(socket, "message.send", id=number, room=room, body=str(number), **fields)


async def replies(socket: Socket, count: int) -> list[dict]:
    return [await socket.wait_for(lambda frame: frame["type"] == "reply") for _ in range(count)]


async def pong(socket: Socket) -> None:
    await tell(socket, "ping")
    await socket.wait_for(lambda frame: frame["type"] == "pong")


async def bodies(person: Person, room: str) -> list[str]:
    return [event["data"]["body"] for event in await whole_log(person, room)]


async def whole_log(person: Person, room: str) -> list[dict]:
    """Checked for holes."""
    events: list[dict] = []
    while page := (await person.call("GET", f"rooms/{room}/events/?limit=200&after_seq={len(events)}"))["results"]:
        events += page
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return events

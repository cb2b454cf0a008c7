"""A log in which somebody's words were erased: whoever comes afterwards hears nothing of them."""

import asyncio
import json

from chat.log import Entry
from tests.unit.clock import virtual
from tests.unit.hub_room import Room, a_room
from tests.unit.stand_ins import payload


def words(subscription) -> list[str]:
    return [frame["data"] for frame in subscription.subscriber.frames if frame["type"] == "message.created"]


async def erased(room: Room) -> None:
    """What the log has said so far is emptied, and that is an event of its own."""
    room.log.entries = [Entry(entry.seq, payload(entry.seq, "")) for entry in room.log.entries]
    text = json.dumps({"type": "user.erased", "seq": room.log.last_seq + 1, "data": {}}, separators=(",", ":"))
    await room.announce(room.log.add(text))


@virtual
async def test_what_live_subscriptions_heard_is_not_told_again():
    async with a_room() as room:
        alice = await room.joined()
        await room.announce(room.log.add(payload(1, "a secret")))
        assert words(alice) == ["a secret"]
        await erased(room)
        assert words(await room.joined(since=0)) == [""]


@virtual
async def test_what_was_being_read_as_it_was_erased_is_not_remembered():
    async with a_room() as room:
        room.log.add(payload(1, "a secret"))
        await room.joined()
        room.log.answers.clear()
        bob = await room.joined(since=0)
        await erased(room)
        room.log.answers.set()
        await asyncio.sleep(0.1)
        assert bob.subscriber.seqs == [1, 2]
        assert words(await room.joined(since=0)) == [""]

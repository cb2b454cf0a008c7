"""A log in which words were taken back: whoever comes afterwards hears nothing of them."""

import asyncio
import json

import pytest

from chat.eventlog.log import Entry
from tests.unit.clock import virtual
from tests.unit.hub_room import Room, a_room
from tests.unit.stand_ins import payload


def words(subscription) -> list[str]:
    return [frame["data"] for frame in subscription.subscriber.frames if frame["type"] == "message.created"]


taken_back = pytest.mark.parametrize("how", ["user.erased", "message.updated", "message.deleted"])


async def erased(room: Room, how: str) -> None:
    """What the log has said so far is emptied, and that is an event of its own."""
    room.log.entries = [Entry(entry.seq, payload(entry.seq, "")) for entry in room.log.entries]
    text = json.dumps({"type": how, "seq": room.log.last_seq + 1, "data": {}}, separators=(",", ":"))
    await room.announce(room.log.add(text))


@taken_back
@virtual
async def test_what_live_subscriptions_heard_is_not_told_again(how):
    async with a_room() as room:
        alice = await room.joined()
        await room.announce(room.log.add(payload(1, "a secret")))
        assert words(alice) == ["a secret"]
        await erased(room, how)
        assert words(await room.joined(since=0)) == [""]


@taken_back
@virtual
async def test_what_was_being_read_as_it_was_erased_is_not_remembered(how):
    async with a_room() as room:
        room.log.add(payload(1, "a secret"))
        await room.joined()
        room.log.answers.clear()
        bob = await room.joined(since=0)
        await erased(room, how)
        room.log.answers.set()
        await asyncio.sleep(0.1)
        assert bob.subscriber.seqs == [1, 2]
        assert words(await room.joined(since=0)) == [""]

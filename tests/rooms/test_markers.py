"""Read markers: told to the others and to one's own other sockets, never back, and not in a crowd."""

import asyncio
import os

import pytest

from tests.client import Refused
from tests.rooms.hearing import calm, listening, subscribed
from tests.servers import manage

# settings.RECEIPTS_MEMBERS_MAX
FEW = 100


def markers(listener, room: str) -> list[tuple[str, int]]:
    told = [frame["data"] for frame in listener.of(room) if frame["type"] == "read.updated"]
    return [(each["user"]["username"], each["last_read_seq"]) for each in told]


async def test_everybody_hears_how_far_somebody_has_read(site, door):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    quiet = await calm(alice, bob)
    for number in range(5):
        await alice.send(room, f"m{number}")
    wanted = [(person, worker, subscribed(room, quiet.room)) for person in (alice, bob) for worker in (0, 1)]
    async with listening(*wanted) as listeners, door.open(bob) as his:
        for seq in (2, 1, 2, 0, 5, 4):
            assert (await his.read(room, seq))["last_read_seq"] >= seq
        with pytest.raises(Refused, match="invalid"):
            await his.read(room, 7)
        await quiet.come(*listeners)
        for listener in listeners:
            assert markers(listener, room) == [(bob.username, 2), (bob.username, 5)]
    listed = (await alice.call("GET", f"rooms/{room}/read/"))["results"]
    assert [(row["user"]["username"], row["last_read_seq"]) for row in listed] == [
        (alice.username, 0),
        (bob.username, 5),
    ]
    assert (await bob.call("GET", f"rooms/{room}/"))["last_read_seq"] == 5
    stranger = await site.person("stranger")
    with pytest.raises(Refused, match="not_found"):
        await stranger.call("GET", f"rooms/{room}/read/")


async def test_two_devices_that_read_at_once_end_at_the_further_one(cluster, gather):
    alice, bob = await cluster.person("alice"), await cluster.person("bob")
    room = await alice.room(bob)
    for number in range(20):
        await alice.send(room, f"m{number}")

    async def read(worker: int, seqs: range) -> None:
        async with bob.socket(worker=worker) as socket:
            for seq in seqs:
                assert (await socket.command("room.read", room=room, seq=seq))["last_read_seq"] >= seq

    await gather(read(0, range(1, 20, 2)), read(1, range(2, 21, 2)), read(1, range(20, 0, -1)))
    listed = (await alice.call("GET", f"rooms/{room}/read/"))["results"]
    assert [row["last_read_seq"] for row in listed] == [0, 20]


CROWD = """
import secrets
from accounts.models import User
from chat.models import Membership
users = User.objects.bulk_create(User(username=secrets.token_hex(8), password="!") for _ in range({count}))
Membership.objects.bulk_create(Membership(room_id={room!r}, user=user) for user in users)
"""


async def test_a_crowd_is_told_of_nobody_s(hybrid, hybrid_installation):
    """It may ask."""
    alice, bob = await hybrid.person("alice"), await hybrid.person("bob")
    room = await alice.room(bob)
    quiet = await calm(alice, bob)
    await alice.send(room, "hello")
    variables = {"DATABASE_URL": hybrid_installation.variables["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"]}

    async def join(count: int) -> None:
        """This many more, in a process of their own."""
        code = CROWD.format(room=room, count=count)
        await asyncio.to_thread(manage, "shell", "--verbosity", "0", "-c", code, **variables)

    async with listening((alice, 1, subscribed(room, quiet.room))) as (listener,):
        await join(FEW - 2)
        await bob.call("POST", f"rooms/{room}/read/", {"seq": 1})
        await quiet.come(listener)
        assert markers(listener, room) == [(bob.username, 1)]
        await join(1)
        await bob.call("POST", f"rooms/{room}/read/", {"seq": 2})
        await quiet.come(listener)
        assert markers(listener, room) == [(bob.username, 1)]
    listed = await alice.call("GET", f"rooms/{room}/read/?limit=200")
    assert len(listed["results"]) == FEW + 1
    assert {row["last_read_seq"] for row in listed["results"]} == {0, 2}

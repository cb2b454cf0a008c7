"""Events of the app's own: by members who may, and by the server's own code if and only if it commits."""

import asyncio

import pytest

from tests.client import Refused
from tests.rooms.hearing import calm, listening, subscribed
from tests.servers import manage


async def test_it_is_heard_and_stored_like_every_event(site, door):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    data = {"question": "tea?", "answers": ["yes", None, 1.5]}
    wanted = [(bob, worker, {"room": room}) for worker in (0, 1)]
    async with listening(*wanted) as listeners, door.open(alice) as hers:
        sent = await hers.custom(room, "poll.opened", data)
        assert (sent["type"], sent["room"], sent["seq"]) == ("custom.poll.opened", room, 2)
        assert sent["data"] == {"sender": {"id": alice.id, "username": alice.username}, "data": data}
        for listener in listeners:
            await listener.comes_to(room, 2)
            assert listener.events(room) == [sent]
    async with door.open(bob, worker=1) as his:
        assert await his.events(room, 1, 1) == [sent]


async def test_the_room_says_who_may(site, door):
    alice, bob, stranger = [await site.person(name) for name in ("alice", "bob", "stranger")]
    room = await alice.room(bob)
    async with door.open(bob) as his, door.open(alice, worker=1) as hers, door.open(stranger) as theirs:
        with pytest.raises(Refused, match="forbidden"):
            await his.custom(room, "poll")
        await alice.call("PATCH", f"rooms/{room}/", {"custom_events": "member"})
        assert (await his.custom(room, "poll"))["type"] == "custom.poll"
        await alice.call("PATCH", f"rooms/{room}/", {"custom_events": "owner"})
        await alice.call("PATCH", f"rooms/{room}/members/{bob.id}/", {"role": "moderator"})
        with pytest.raises(Refused, match="forbidden"):
            await his.custom(room, "poll")
        with pytest.raises(Refused, match="not_found"):
            await theirs.custom(room, "poll")
        await alice.call("PUT", f"rooms/{room}/archive/")
        with pytest.raises(Refused, match="archived"):
            await hers.custom(room, "poll")


# Two orders are saved, each with its event; one of them is not committed. What is sent by a member comes between.
SHOP = """
from django.db import transaction
from chat import custom_events
class Changed(Exception): pass
try:
    with transaction.atomic():
        custom_events.append(room_id={room!r}, name="order_updated", data={{"order": 1}})
        raise Changed
except Changed:
    pass
with transaction.atomic():
    custom_events.append(room_id={room!r}, name="order_updated", data={{"order": 2}})
    try:
        with transaction.atomic():
            custom_events.append(room_id={room!r}, name="order_updated", data={{"order": 3}})
            raise Changed
    except Changed:
        pass
    custom_events.append(room_id={room!r}, name="order_paid", data=None)
"""


@pytest.fixture
def shop(hybrid_installation):
    """A process of the server's own, which runs some code and ends."""
    variables = hybrid_installation.variables
    kept = {name: variables[name] for name in ("DATABASE_URL", "REDIS_URL", "REDIS_PREFIX")}

    async def run(code: str) -> None:
        await asyncio.to_thread(manage, "shell", "--verbosity", "0", "-c", code, **kept)

    return run


async def test_the_server_s_own_code_is_heard_if_it_commits(hybrid, shop):
    alice, bob = await hybrid.person("alice"), await hybrid.person("bob")
    room = await alice.room(bob)
    quiet = await calm(alice, bob)
    wanted = [(bob, worker, subscribed(room, quiet.room)) for worker in (0, 1)]
    async with listening(*wanted) as listeners:
        await shop(SHOP.format(room=room))
        await quiet.come(*listeners)
        for listener in listeners:
            told = [(event["seq"], event["type"], event["data"]) for event in listener.events(room)]
            assert told == [
                (2, "custom.order_updated", {"sender": None, "data": {"order": 2}}),
                (3, "custom.order_paid", {"sender": None, "data": None}),
            ]
    assert (await bob.call("GET", f"rooms/{room}/events/?after_seq=1"))["results"] == listeners[0].events(room)

"""What happens in a room, through REST and through the socket alike."""

import asyncio

import pytest

from tests.client import Refused


async def test_a_message_is_stored_and_heard(site, door):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    async with door.open(alice) as hers, bob.socket(worker=1) as his:
        await his.command("room.subscribe", room=room)
        sent = await hers.send(room, "hello", data={"mood": ["calm", 1, 2.5, None, True]})
        event = await his.event()
    assert event["type"] == "message.created"
    assert event["data"] == sent
    assert (event["seq"], event["room"]) == (sent["seq"], room)
    assert sent["author"] == {"id": alice.id, "username": alice.username}
    assert sent["data"] == {"mood": ["calm", 1, 2.5, None, True]}
    stored = await bob.call("GET", f"rooms/{room}/messages/{sent['id']}/")
    assert stored == sent
    assert (await bob.call("GET", f"rooms/{room}/messages/"))["results"] == [sent]


async def test_events_since_a_position_come_in_order(site, door):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    for number in range(5):
        await alice.send(room, f"m{number}")
    async with door.open(bob, worker=1) as his:
        events = await his.events(room, since=2, count=4)
    assert [event["seq"] for event in events] == [3, 4, 5, 6]
    assert [event["data"]["body"] for event in events] == ["m1", "m2", "m3", "m4"]


async def test_the_same_client_ref_is_the_same_message_for_ever(site, door):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as first:
        sent = await first.send(room, "once", client_ref="ref-1")
    async with door.open(alice, worker=1) as second:
        again = await second.send(room, "once", client_ref="ref-1")
        other = await second.send(room, "once", client_ref="ref-2")
    assert again == sent
    assert other["seq"] == sent["seq"] + 1


async def test_the_same_client_ref_at_once_on_two_workers(cluster, door, gather):
    alice = await cluster.person("alice")
    room = await alice.room()
    async with door.open(alice, worker=0) as one, door.open(alice, worker=1) as two:
        for attempt in range(10):
            ref = {"client_ref": f"race-{attempt}"}
            first, second = await gather(one.send(room, "race", **ref), two.send(room, "race", **ref))
            assert first == second
    events = (await alice.call("GET", f"rooms/{room}/events/"))["results"]
    assert [event["seq"] for event in events] == list(range(1, 11))


async def test_a_client_ref_is_one_authors_own(site, door):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    async with door.open(alice) as hers, door.open(bob) as his:
        first = await hers.send(room, "mine", client_ref="same")
        second = await his.send(room, "his", client_ref="same")
    assert first["id"] != second["id"]


async def test_replies_point_at_messages_of_the_room(site, door):
    alice = await site.person("alice")
    room, elsewhere = await alice.room(), await alice.room()
    async with door.open(alice) as hers:
        question = await hers.send(room, "?")
        answer = await hers.send(room, "!", reply_to=question["id"])
        assert answer["reply_to"] == question["id"]
        with pytest.raises(Refused, match="invalid"):
            await hers.send(elsewhere, "!", reply_to=question["id"])


async def test_a_read_marker_only_moves_forward(site, door):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as hers:
        for _ in range(3):
            await hers.send(room, "x")
        assert (await hers.read(room, 2))["last_read_seq"] == 2
        assert (await hers.read(room, 1))["last_read_seq"] == 2
        with pytest.raises(Refused, match="invalid"):
            await hers.read(room, 4)
    assert (await alice.call("GET", f"rooms/{room}/"))["last_read_seq"] == 2


async def test_a_room_of_somebody_else_and_no_room_are_one_answer(site, door):
    alice, stranger = await site.person("alice"), await site.person("stranger")
    room = await alice.room()
    nowhere = "01890000-0000-7000-8000-000000000000"
    async with door.open(stranger) as theirs:
        for target in (room, nowhere):
            for attempt in (theirs.send(target, "x"), theirs.read(target, 0), theirs.events(target, 0, 1)):
                with pytest.raises(Refused) as refused:
                    await attempt
                assert refused.value.code == "not_found"


async def test_a_public_room_is_read_by_all_and_written_by_members(site, door):
    alice, reader = await site.person("alice"), await site.person("reader")
    room = await alice.room(kind="public")
    await alice.send(room, "to all")
    async with door.open(reader) as theirs:
        with pytest.raises(Refused, match="not_a_member"):
            await theirs.send(room, "me too")
        assert (await theirs.events(room, 0, 1))[0]["data"]["body"] == "to all"
        await reader.call("POST", f"rooms/{room}/join/")
        assert (await theirs.send(room, "me too"))["seq"] == 3


BAD_BODIES = {
    "blank": " \n\t ",
    "too long": "x" * 4_001,
    "NUL": "a\0b",
    "not text": 5,
    "null": None,
    "an object": {"a": 1},
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_bad_body_is_refused_and_nothing_happens(site, door, body):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as hers:
        with pytest.raises(Refused, match="body") as refused:
            await hers.send(room, body)
        assert refused.value.code == "invalid"
        assert (await hers.send(room, "x" * 4_000))["seq"] == 1


def _nested(levels: int) -> list:
    value: list = []
    for _ in range(levels - 1):
        value = [value]
    return value


BAD_DATA = {
    "too deep": _nested(33),
    "too big": "x" * 17_000,
    "NUL": {"a": ["\0"]},
    "NUL in a key": {"\0": 1},
    "a huge number": 10**30,
}


@pytest.mark.parametrize("data", BAD_DATA.values(), ids=BAD_DATA.keys())
async def test_bad_data_is_refused_and_nothing_happens(site, door, data):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as hers:
        with pytest.raises(Refused, match="data") as refused:
            await hers.send(room, "x", data=data)
        assert refused.value.code == "invalid"
        assert (await hers.send(room, "x", data=_nested(30)))["seq"] == 1


async def test_what_people_type_comes_back_as_it_was(site, door):
    alice = await site.person("alice")
    room = await alice.room()
    texts = ["  spaces  ", "é e\u0301 \ufb01", "שלום 你好 🧑‍🚀", "</script><b>&amp;", "a\u2028\x01\u200f"]
    async with door.open(alice) as hers:
        sent = [await hers.send(room, text, data={text: text}) for text in texts]
    history = (await alice.call("GET", f"rooms/{room}/messages/"))["results"]
    assert [message["body"] for message in history] == texts
    assert [message["data"] for message in history] == [{text: text} for text in texts]
    assert history == sent


async def test_a_message_that_shows_nothing_is_refused(site, door):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as hers:
        for text in (" \n", "\u2028\x01\u200f", "\u3164", "\u2800\ufe0f"):
            with pytest.raises(Refused, match="body") as refused:
                await hers.send(room, text)
            assert refused.value.code == "invalid"
        assert (await hers.send(room, "x"))["seq"] == 1


async def test_many_senders_leave_no_hole(site, door):
    people = [await site.person(name) for name in ("alice", "bob", "carol", "dave")]
    room = await people[0].room(*people[1:])
    async with people[0].socket() as listener:
        head = (await listener.command("room.subscribe", room=room))["head"]

        async def talk(person, worker):
            async with door.open(person, worker) as mine:
                for number in range(20):
                    await mine.send(room, f"{person.username} {number}")

        await asyncio.gather(*(talk(person, worker) for worker, person in enumerate(people)))
        heard = await listener.events(80)
    assert [event["seq"] for event in heard] == list(range(head + 1, head + 81))
    log = (await people[1].call("GET", f"rooms/{room}/events/?after_seq={head}&limit=200"))["results"]
    assert heard == log

"""Pipelined sends are answered in their order, and nothing but another send or a ping overtakes them."""

from itertools import chain

from realtime.connection.pipeline import _BOUND as BOUND
from tests.unit.pipelined import bodies, replies, send, tell

NOWHERE = "01890000-0000-7000-8000-000000000000"


async def test_sends_are_stored_and_answered_in_the_order_sent_however_many(site):
    alice = await site.person("alice")
    room = await alice.room()
    count = 4 * BOUND
    async with alice.socket() as socket:
        await send(socket, room, range(count))
        answered = await replies(socket, count)
    assert [reply["id"] for reply in answered] == list(range(count))
    assert [reply["data"]["seq"] for reply in answered] == list(range(1, count + 1))
    assert await bodies(alice, room) == [str(number) for number in range(count)]


async def test_a_read_marker_moves_to_what_was_just_sent(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        for turn in range(1, 6):
            await send(socket, room, range(20))
            await tell(socket, "room.read", id="read", room=room, seq=20 * turn)
            *_, read = await replies(socket, 21)
            assert (read["id"], read["ok"]) == ("read", True), read
            assert read["data"]["last_read_seq"] == 20 * turn


async def test_a_subscription_begins_after_what_was_just_sent(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await send(socket, room, range(30))
        await tell(socket, "room.subscribe", id="subscribe", room=room)
        await send(socket, room, range(30, 60))
        answered = await replies(socket, 61)
        heard = await socket.events(30)
    assert [reply["id"] for reply in answered] == [*range(30), "subscribe", *range(30, 60)]
    assert answered[30]["data"]["head"] == 30
    assert [event["seq"] for event in heard] == list(range(31, 61))


async def test_a_subscription_is_ended_before_what_is_sent_after(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room)
        await send(socket, room, range(10))
        await tell(socket, "room.unsubscribe", id="unsubscribe", room=room)
        await send(socket, room, range(10, 20))
        assert [reply["id"] for reply in await replies(socket, 21)] == [*range(10), "unsubscribe", *range(10, 20)]
        await tell(socket, "ping")
        await socket.wait_for(lambda frame: frame["type"] == "pong")
        assert all(frame["seq"] <= 10 for frame in socket.passed)


async def test_sends_that_are_refused_are_answered_in_their_place_and_leave_no_hole(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    room, forbidden = await alice.room(), await bob.room()
    async with alice.socket() as socket:
        for number in range(30):
            where = (room, forbidden, NOWHERE)[number % 3]
            await tell(socket, "message.send", id=number, room=where, body=str(number))
        answered = await replies(socket, 30)
    assert [reply["id"] for reply in answered] == list(range(30))
    assert [reply["ok"] for reply in answered] == [True, False, False] * 10
    assert {reply["error"]["code"] for reply in answered if not reply["ok"]} == {"not_found"}
    assert await bodies(alice, room) == [str(number) for number in range(0, 30, 3)]


async def test_sends_that_are_invalid_leave_no_hole_either(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        for number in range(30):
            await tell(socket, "message.send", id=number, room=room, body=str(number) if number % 3 else " ")
        answered = {reply["id"]: reply for reply in await replies(socket, 30)}
    assert {number for number, reply in answered.items() if not reply["ok"]} == set(range(0, 30, 3))
    assert {reply["error"]["code"] for reply in answered.values() if not reply["ok"]} == {"invalid"}
    assert await bodies(alice, room) == [str(number) for number in range(30) if number % 3]


async def test_the_same_client_ref_in_flight_many_times_is_one_message(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as one, alice.socket(worker=1) as two:
        for socket in (one, two):
            await send(socket, room, range(40), client_ref="once")
        answered = [*await replies(one, 40), *await replies(two, 40)]
    assert len({reply["data"]["id"] for reply in answered}) == 1
    assert len(await bodies(alice, room)) == 1


async def test_each_socket_of_a_person_keeps_its_own_order(site, gather):
    alice = await site.person("alice")
    room = await alice.room()

    async def write(worker: int) -> list[int]:
        async with alice.socket(worker=worker) as socket:
            await send(socket, room, range(100))
            answered = await replies(socket, 100)
        assert [reply["id"] for reply in answered] == list(range(100))
        return [reply["data"]["seq"] for reply in answered]

    written = await gather(*map(write, range(4)))
    assert all(seqs == sorted(seqs) for seqs in written)
    assert sorted(chain(*written)) == list(range(1, 401))


async def test_sends_to_many_rooms_are_answered_in_the_order_sent(site):
    alice = await site.person("alice")
    rooms = [await alice.room() for _ in range(5)]
    async with alice.socket() as socket:
        for number in range(150):
            await tell(socket, "message.send", id=number, room=rooms[number % 5], body=str(number))
        answered = await replies(socket, 150)
    assert [reply["id"] for reply in answered] == list(range(150))
    for place, room in enumerate(rooms):
        assert await bodies(alice, room) == [str(number) for number in range(place, 150, 5)]

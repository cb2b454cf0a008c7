"""After an hour offline: one command, or one request, and everything that changed in all rooms; then live."""

import asyncio
import secrets

import psycopg
import pytest

from tests.client import Person, Refused
from tests.rooms.conftest import Installation
from tests.rooms.hearing import listening


def count_anew(installation: Installation, room: str) -> None:
    """As an operator does who restores a backup."""
    with psycopg.connect(installation.variables["DATABASE_URL"]) as connection:
        connection.execute("UPDATE chat_room SET epoch = gen_random_uuid() WHERE id = %s", [room])


async def facts(person: Person, room: str) -> dict:
    return await person.call("GET", f"rooms/{room}/")


class Hour:
    """What became of a person's rooms while they were away: `positions` is what they had."""

    async def pass_by(self, site, installation: Installation) -> "Hour":
        self.me, other = await site.newcomer("me"), await site.newcomer("other")
        self.other = other
        same = [await other.room(self.me) for _ in range(3)]
        self.quiet, self.busy, self.restored = same
        self.left, self.deleted = await other.room(self.me), await other.room(self.me)
        self.guest, self.closed = await other.room(kind="public"), await other.room(kind="public")
        known = [*same, self.left, self.deleted, self.guest, self.closed]
        for room in known:
            await other.send(room, "before")
        seen = {room: await facts(self.me, room) for room in known}
        self.positions = {room: {"seq": each["last_seq"], "epoch": each["epoch"]} for room, each in seen.items()}

        for number in range(150):
            await other.send(self.busy, f"m{number}")
        await other.send(self.guest, "to all")
        await other.send(self.restored, "then the backup")
        count_anew(installation, self.restored)
        await other.call("DELETE", f"rooms/{self.left}/members/{self.me.id}/")
        await other.call("DELETE", f"rooms/{self.deleted}/")
        await other.call("POST", f"rooms/{self.closed}/bans/", {"user": self.me.id})
        self.new = await other.room(self.me)
        await other.send(self.new, "welcome")
        return self

    @property
    def since(self) -> dict:
        """The same for a socket."""
        return {room: {"since": at["seq"], "epoch": at["epoch"]} for room, at in self.positions.items()}


@pytest.fixture
async def hour(mortal, mortal_installation) -> Hour:
    return await Hour().pass_by(mortal, mortal_installation)


async def test_one_command_and_everything_comes_in_order_then_live(hour):
    wanted = {"rooms": "all", "positions": hour.since}
    async with hour.me.socket(worker=1) as socket:
        answers = (await socket.command("room.subscribe", **wanted))["rooms"]
        assert not socket.passed, "the reply comes first"
        assert set(answers) == {*hour.positions, hour.new}
        for room in (hour.left, hour.deleted, hour.closed):
            assert answers[room]["error"]["code"] == "not_found"
        for room in (hour.quiet, hour.busy, hour.guest):
            answer = answers[room]
            assert (answer["recovered"], answer["from"]) == (True, hour.positions[room]["seq"])
        assert (answers[hour.restored]["recovered"], answers[hour.restored]["from"]) == (False, 3)
        assert (answers[hour.new]["from"], answers[hour.new]["head"]) == (2, 2)
        for room in (hour.quiet, hour.new, hour.restored, hour.guest):
            await hour.other.send(room, "live")
        live = {hour.busy: 0, hour.quiet: 1, hour.new: 1, hour.restored: 1, hour.guest: 1}
        expected = {room: answers[room]["head"] + count for room, count in live.items()}
        heard: dict[str, list[int]] = {room: [] for room in live}
        while any(seqs[-1:] != [expected[room]] for room, seqs in heard.items()):
            event = await socket.event()
            heard[event["room"]].append(event["seq"])
        for room, seqs in heard.items():
            assert seqs == list(range(answers[room]["from"] + 1, expected[room] + 1))


async def test_a_request_says_the_same(hour):
    """Socket, GET and POST: the same rooms, the same events, the same that is gone."""
    dotted = ",".join(f"{room}.{at['seq']}.{at['epoch']}" for room, at in hour.positions.items())
    got = await hour.me.call("GET", f"sync/?since={dotted}", worker=1)
    assert await hour.me.call("POST", "sync/", {"since": hour.positions}) == got
    assert set(got["removed"]) == {hour.left, hour.deleted, hour.closed}
    told = {change["room"]["id"]: change for change in got["rooms"]}
    assert set(told) == {hour.busy, hour.restored, hour.guest, hour.new}
    for change in got["rooms"]:
        assert change["room"] == await facts(hour.me, change["room"]["id"])
    assert {room: change["recovered"] for room, change in told.items()} == {
        hour.busy: True,
        hour.guest: True,
        hour.restored: False,
        hour.new: False,
    }
    async with listening((hour.me, 0, {"rooms": "all", "positions": hour.since})) as (listener,):
        for room, change in told.items():
            if not change["recovered"]:
                assert (change["events"], change["from"]) == ([], change["room"]["last_seq"])
                continue
            await listener.comes_to(room, change["room"]["last_seq"])
            events = change["events"]
            assert events == listener.events(room)[: len(events)]
            assert change["more"] == (len(events) < len(listener.events(room)))
            assert change["more"] == (room == hour.busy)
    assert set(got["markers"]) == {hour.quiet, hour.busy, hour.restored, hour.new}


async def test_page_by_page_each_event_comes_once_while_others_write(mortal, gather):
    me, one, two = [await mortal.newcomer(name) for name in ("me", "one", "two")]
    rooms = [await one.room(me, two) for _ in range(8)]
    async with one.socket() as socket:
        for number in range(1_200):
            send = {"room": rooms[number % 5], "body": f"m{number}"}
            await socket.connection.send(f'{{"type":"message.send","room":"{send["room"]}","body":"{send["body"]}"}}')
        await socket.command("room.read", room=rooms[0], seq=0)
    positions = {room: {"seq": 0} for room in rooms}
    heard: dict[str, list[dict]] = {room: [] for room in rooms}
    finished = asyncio.Event()

    async def write(person: Person, worker: int) -> None:
        while not finished.is_set():
            await person.send(secrets.choice(rooms), "meanwhile", worker=worker)

    async def page(worker: int) -> bool:
        """Whether there was anything."""
        changes = await me.call("POST", "sync/", {"since": positions}, worker=worker)
        for change in changes["rooms"]:
            room, events = change["room"]["id"], change["events"]
            assert (change["recovered"], change["from"]) == (True, positions[room]["seq"])
            heard[room] += events
            positions[room]["seq"] += len(events)
        return bool(changes["rooms"])

    async def pages() -> None:
        for worker in range(20):
            await page(worker)
        finished.set()

    await gather(pages(), write(one, 0), write(two, 1))
    while await page(0):
        pass
    for room in rooms:
        head = (await facts(me, room))["last_seq"]
        assert [event["seq"] for event in heard[room]] == list(range(1, head + 1))


MANY = """
    WITH made AS (
        INSERT INTO chat_room (id, kind, name, topic, custom_events, created_at, epoch, last_seq, active_at)
        SELECT gen_random_uuid(), kind, name, topic, custom_events, created_at, gen_random_uuid(), 0, active_at
        FROM chat_room, generate_series(1, %(count)s) WHERE id = %(like)s RETURNING id
    )
    INSERT INTO chat_membership (room_id, user_id, role, last_read_seq, joined_at)
    SELECT id, %(user)s, 'owner', 0, now() FROM made RETURNING room_id
"""


async def many_rooms(person: Person, installation: Installation, count: int) -> list[str]:
    values = {"count": count - 1, "like": await person.room(), "user": person.id}
    with psycopg.connect(installation.variables["DATABASE_URL"]) as connection:
        return [values["like"], *(str(room) for (room,) in connection.execute(MANY, values))]


async def test_300_rooms(mortal, mortal_installation):
    """By POST, and by socket; and past what one connection takes it is said so."""
    me = await mortal.newcomer("me")
    rooms = await many_rooms(me, mortal_installation, 300)
    for room in rooms[::100]:
        await me.send(room, "news")
    since = {room: {"seq": 0} for room in rooms}
    changes = await me.call("POST", "sync/", {"since": since})
    assert {change["room"]["id"] for change in changes["rooms"]} == set(rooms[::100])
    assert (changes["more"], changes["removed"], set(changes["markers"])) == (False, [], set(rooms))
    # Whoever knows nothing is told of all, in pages.
    fresh = await me.call("GET", "sync/")
    assert (len(fresh["rooms"]), fresh["more"]) == (200, True)
    found = {change["room"]["id"]: {"seq": change["from"]} for change in fresh["rooms"]}
    rest = await me.call("POST", "sync/", {"since": found})
    assert {change["room"]["id"] for change in rest["rooms"]} == set(rooms) - set(found)
    assert rest["more"] is False
    async with me.socket() as socket:
        positions = {room: {"since": 0} for room in rooms}
        answers = (await socket.command("room.subscribe", rooms="all", positions=positions))["rooms"]
        assert set(answers) == set(rooms)
        assert {event["room"] for event in await socket.events(3)} == set(rooms[::100])
        others = {f"01890000-0000-7000-8000-{number:012d}": {} for number in range(201)}
        with pytest.raises(Refused, match="limit_exceeded"):
            await socket.command("room.subscribe", rooms=others)
        await me.send(rooms[7], "still heard")
        assert (await socket.event())["room"] == rooms[7]


async def put_into(installation: Installation, person: Person, rooms: list[str]) -> None:
    join = "INSERT INTO chat_membership (room_id, user_id, role, last_read_seq, joined_at)"
    values = "SELECT unnest(%s::uuid[]), %s, 'member', 0, now()"
    with psycopg.connect(installation.variables["DATABASE_URL"]) as connection:
        connection.execute(f"{join} {values}", [rooms, person.id])


LIMIT, FRAME = 500, 262_144


async def test_of_more_rooms_than_a_connection_may_have_it_gets_the_liveliest(mortal, mortal_installation):
    me = await mortal.newcomer("me")
    rooms = await many_rooms(me, mortal_installation, LIMIT + 5)
    lively = rooms[::60]
    for room in lively:
        await me.send(room, "news")
    async with me.socket() as socket:
        got = await socket.command("room.subscribe", rooms="all")
        assert (len(got["rooms"]), got["more"]) == (LIMIT, True)
        assert set(lively) <= set(got["rooms"]) <= set(rooms)
        # The same again: those that it has, whatever is livelier now.
        (left_out,) = [each for each in rooms if each not in got["rooms"]][:1]
        await me.send(left_out, "now livelier")
        again = await socket.command("room.subscribe", rooms="all", positions={left_out: {"since": 0}})
        assert (set(again["rooms"]), again["more"]) == (set(got["rooms"]), True)
        for named in ({"rooms": {left_out: {}}}, {"room": left_out}):
            with pytest.raises(Refused, match=f"at most {LIMIT} rooms"):
                await socket.command("room.subscribe", **named)
        await socket.command("room.unsubscribe", room=lively[0])
        await socket.command("room.subscribe", room=left_out)
        await me.send(left_out, "heard")
        assert (await socket.event())["room"] == left_out
    async with me.socket() as socket:
        positions = {room: {"since": 0} for room in rooms}
        fresh = await socket.command("room.subscribe", rooms="all", positions=positions)
        assert {left_out, *lively} <= set(fresh["rooms"])
        assert (len(fresh["rooms"]), fresh["more"]) == (LIMIT, True)
    async with me.socket() as socket:
        few = await socket.command("room.subscribe", rooms={lively[0]: {}})
        assert few["more"] is False


async def test_who_is_in_many_rooms_is_told_in_frames_that_every_client_takes(mortal, mortal_installation):
    """By the reply as far as it has room, by `presence.counted` for the rest; and each room continues from there."""
    me, one, other = [await mortal.newcomer(name) for name in ("me", "x" * 50, "y" * 50)]
    rooms = await many_rooms(me, mortal_installation, LIMIT)
    for each in (one, other):
        await put_into(mortal_installation, each, rooms)
    async with one.socket() as first, other.socket() as present, me.socket() as socket:
        sizes: list[int] = []
        receive = socket.connection.recv

        async def measured(*args, **named):
            text = await receive(*args, **named)
            sizes.append(len(text.encode()))
            return text

        socket.connection.recv = measured
        for each in (first, present):
            await each.command("room.subscribe", rooms="all", presence=True)
            for _ in range(LIMIT):
                await each.wait_for(lambda frame: frame["type"] == "presence.joined")
        got = await socket.command("room.subscribe", rooms="all", presence=True)
        told = {room: answer["presence"] for room, answer in got["rooms"].items() if "presence" in answer}
        assert got["rooms"].keys() == set(rooms)
        assert 0 < len(told) < LIMIT
        while len(told) < LIMIT:
            frame = await socket.wait_for(lambda frame: frame["type"] == "presence.counted")
            told.setdefault(frame["room"], frame["data"])
        assert all(each["room"] == room for room, each in told.items())
        assert {other.id} <= {user["user"]["id"] for user in told[rooms[0]]["users"]}
        assert max(sizes) <= FRAME
        await present.command("room.unsubscribe", room=rooms[-1])
        gone = await socket.wait_for(lambda frame: frame["type"] == "presence.left")
        assert (gone["room"], gone["data"]["user"]["id"]) == (rooms[-1], other.id)

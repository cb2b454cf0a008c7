"""A device that was signed out: heard of, found out, or both; and whoever was just being let in with it."""

import asyncio
from uuid import UUID, uuid4

from realtime.connection.revocations import Revoked
from tests.unit.clock import virtual
from tests.unit.connections_room import RECHECK, Room, identity, settings


@settings
@virtual
async def test_all_sockets_of_a_device_close_and_no_other_s():
    room = Room()
    device, user = uuid4(), uuid4()
    theirs = [room.guest(device_id=device, user_id=user) for _ in range(3)]
    others = [room.guest(user_id=user), room.guest()]
    room.revoke(theirs[0])
    await asyncio.sleep(0.1)
    assert [[code for _, code in guest.closed] for guest in theirs] == [[4401]] * 3
    assert list(room.connections) == others
    await asyncio.sleep(3 * RECHECK)
    assert [guest.closed for guest in others] == [[], []]


@settings
@virtual
async def test_one_revoked_between_its_look_up_and_its_arrival():
    room = Room()
    room.guest()
    late = identity()
    room.connections.hear({"devices": [str(late.device_id)]})
    await asyncio.sleep(30)
    guest = room.guest(user_id=late.user_id, device_id=late.device_id)
    await asyncio.sleep(0)
    assert [code for _, code in guest.closed] == [4401]


@settings
@virtual
async def test_one_revoked_while_nobody_was_here():
    """No round is made then, but what was announced is remembered."""
    room = Room()
    room.connections.remove(room.guest())
    late = identity()
    room.connections.hear({"devices": [str(late.device_id)]})
    guest = room.guest(user_id=late.user_id, device_id=late.device_id)
    await asyncio.sleep(1)
    assert [code for _, code in guest.closed] == [4401]


@settings
@virtual
async def test_a_token_of_a_device_revoked_while_it_was_being_taken():
    """`authenticate` on a live connection: looked up before the announcement, put in place after it."""
    room = Room()
    guest = room.guest()
    newer = identity(user_id=guest.user_id)
    room.connections.hear({"devices": [str(newer.device_id)]})
    await asyncio.sleep(0.5)
    guest.identity = newer
    await asyncio.sleep(2)
    assert [code for _, code in guest.closed] == [4401]


@settings
@virtual
async def test_an_older_device_s_end_leaves_the_connection_that_has_moved_on():
    room = Room()
    guest = room.guest()
    before = guest.identity
    guest.identity = identity(user_id=guest.user_id)
    room.connections.hear({"devices": [str(before.device_id)]})
    await asyncio.sleep(2 * RECHECK)
    assert guest.closed == []


@settings
@virtual
async def test_a_storm_makes_few_rounds():
    room = Room()
    guests = [room.guest() for _ in range(500)]
    rounds = []
    room.connections._all = Counted(room.connections._all, rounds)
    for guest in guests:
        room.revoke(guest)
        await asyncio.sleep(0)
    await asyncio.sleep(0.5)
    assert [len(guest.closed) for guest in guests] == [1] * 500
    assert len(rounds) < 5


class Counted(dict):
    """Says whenever somebody goes through it."""

    def __init__(self, items, rounds: list):
        super().__init__(items)
        self.rounds = rounds

    def __iter__(self):
        self.rounds.append(len(self))
        return super().__iter__()


# What was not heard is found out


@settings
@virtual
async def test_everybody_is_asked_after_again_and_again():
    room = Room()
    dead, other = room.guest(), room.guest()
    await asyncio.sleep(2.5 * RECHECK)
    assert room.asked == [(RECHECK, 2), (2 * RECHECK, 2)]
    room.dead = {dead.identity.device_id}
    await asyncio.sleep(RECHECK)
    assert [code for _, code in dead.closed] == [4401]
    assert list(room.connections) == [other]


@settings
@virtual
async def test_a_doubt_is_settled_at_once():
    room = Room()
    dead = room.guest()
    room.dead = {dead.identity.device_id}
    await asyncio.sleep(1)
    room.connections.check_now()
    await asyncio.sleep(0.01)
    assert len(dead.closed) == 1


@settings
@virtual
async def test_a_doubt_before_anybody_came_is_settled_when_they_do():
    room = Room()
    room.connections.check_now()
    dead = identity()
    room.dead = {dead.device_id}
    guest = room.guest(user_id=dead.user_id, device_id=dead.device_id)
    await asyncio.sleep(0.01)
    assert len(guest.closed) == 1


@settings
@virtual
async def test_a_question_without_an_answer_is_soon_asked_again():
    """Not after another RECHECK: with Redis down as well, nothing else would tell."""
    room = Room()
    dead = room.guest()
    room.dead = {dead.identity.device_id}
    room.away = True
    await asyncio.sleep(RECHECK + 1)
    room.away = False
    await asyncio.sleep(3)
    assert len(dead.closed) == 1
    room.guest()
    await asyncio.sleep(2.5 * RECHECK)
    assert len(room.asked) == 4


@settings
@virtual
async def test_an_answer_is_about_those_that_were_asked_after():
    """One that took another token meanwhile stays; one of the same device that came meanwhile goes."""
    room = Room()
    moved = room.guest()
    device = moved.identity.device_id
    room.dead = {device}
    room.answers.clear()
    await asyncio.sleep(RECHECK)
    moved.identity = identity(user_id=moved.user_id)
    came = room.guest(device_id=device)
    room.answers.set()
    await asyncio.sleep(0.1)
    assert (moved.closed, len(came.closed)) == ([], 1)


@settings
@virtual
async def test_who_was_found_dead_may_be_alive_again():
    """A user who was deactivated past us, and brought back: only what was announced is for good."""
    room = Room()
    guest = room.guest()
    room.dead = {guest.identity.device_id}
    await asyncio.sleep(RECHECK + 1)
    room.dead = set()
    back = room.guest(device_id=guest.identity.device_id)
    await asyncio.sleep(5)
    assert (len(guest.closed), back.closed) == (1, [])


# What is remembered


def test_a_revocation_is_remembered_for_a_while_and_takes_no_room_after():
    at = [0.0]
    revoked = Revoked(lambda: at[0])
    first, second = uuid4(), uuid4()
    revoked.add([first])
    at[0] = 40.0
    revoked.add([second])
    assert (first in revoked, second in revoked) == (True, True)
    at[0] = 61.0
    assert (first in revoked, second in revoked) == (False, True)
    revoked.add([])
    assert len(revoked) == 1


def test_one_that_is_announced_again_is_remembered_anew():
    at = [0.0]
    revoked = Revoked(lambda: at[0])
    first, second = uuid4(), uuid4()
    revoked.add([first, second])
    at[0] = 50.0
    revoked.add([first])
    at[0] = 70.0
    revoked.add([])
    assert (first in revoked, second in revoked, len(revoked)) == (True, False, 1)


def test_a_process_without_sockets_does_not_collect_them():
    at = [0.0]
    revoked = Revoked(lambda: at[0])
    for number in range(10_000):
        at[0] += 1.0
        revoked.add([UUID(int=number)])
    assert len(revoked) <= 60

"""Who is there, how many somebody has, and that nothing is left of those who went."""

import asyncio
from uuid import uuid4

from tests.unit.clock import virtual
from tests.unit.connections_room import Room, settings


@settings
@virtual
async def test_each_user_s_are_counted():
    room = Room()
    user = uuid4()
    mine = [room.guest(user_id=user) for _ in range(3)]
    other = room.guest()
    assert (room.connections.of(user), room.connections.of(other.user_id), room.connections.of(uuid4())) == (3, 1, 0)
    room.connections.remove(mine[0])
    room.connections.remove(mine[0])
    assert room.connections.of(user) == 2
    assert list(room.connections) == [*mine[1:], other]


@settings
@virtual
async def test_who_has_to_go_counts_no_more_at_once():
    """However long their client takes to read the close: its place is free for the one who comes back."""
    room = Room()
    user, device = uuid4(), uuid4()
    room.guest(user_id=user)
    gone = room.guest(user_id=user, device_id=device)
    room.revoke(gone)
    await asyncio.sleep(0.1)
    assert room.connections.of(user) == 1
    room.connections.remove(gone)
    assert room.connections.of(user) == 1


@settings
@virtual
async def test_the_last_leaves_nothing_behind():
    room = Room()
    for _ in range(2):
        guest = room.guest()
        await asyncio.sleep(2)
        room.connections.remove(guest)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert room.connections._of_user == {}


@settings
@virtual
async def test_the_last_one_may_go_in_a_round_and_the_next_is_watched_again():
    room = Room()
    first = room.guest(lives=5)
    await asyncio.sleep(10)
    second = room.guest(lives=5)
    await asyncio.sleep(10)
    assert [code for _, code in first.closed + second.closed] == [4401, 4401]

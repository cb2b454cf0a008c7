"""Who is told that they are in a room, or no more: every connection once, whichever way it hears it first."""

import asyncio
import json
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from chat.eventlog.log import Entry
from realtime.connection.connection import Connection
from realtime.connection.registry import Connections
from tests.unit.clock import virtual
from tests.unit.connection_room import Client, Socket, a_client, settled
from tests.unit.hub_room import RECONCILED
from tests.unit.stand_ins import all_alive

OVER = '{"type":"room.removed","by":"announcement"}'
ADDED = '{"type":"room.added"}'


class Scene:
    """Alice's connection, subscribed to a room or not, among all connections of a process."""

    def __init__(self, client: Client) -> None:
        self.client, self.connection, self.room = client, client.connection, client.log.room_id
        self.connections = Connections(all_alive)
        self.connections.add(self.connection)

    def subscribe(self) -> None:
        log, hub = self.client.log, self.client.hub
        self.connection.subscribe(hub.subscribe(self.connection, self.room, log.head, log.last_seq))
        hub.start(self.connection.subscriptions[self.room])

    def announce(self, *, over: bool, user: UUID | None = None, room: UUID | None = None) -> None:
        self.connections.tell(
            {
                "type": "users.told",
                "users": [str(uuid4()), str(user or self.connection.user_id)],
                "room": str(room or self.room),
                "over": over,
                "payload": OVER if over else ADDED,
            }
        )

    def leave(self) -> Entry:
        return self.client.log.leave(self.connection.user_id)

    def log_tells(self, *entries: Entry) -> None:
        self.client.hub._on_announcement(self.client.log.announcement(*entries))

    async def heard(self) -> list[str]:
        """What it was told of, by type; "over" by the room's log."""
        await settled()
        frames = [json.loads(text) for text in self.client.socket.sent]
        self.client.socket.sent.clear()
        own = {"room.removed": "over"}
        return [frame["type"] if "by" in frame else own.get(frame["type"], frame["type"]) for frame in frames]


@asynccontextmanager
async def a_scene():
    async with a_client() as client:
        scene = Scene(client)
        yield scene
        scene.connections.remove(scene.connection)


@virtual
async def test_who_hears_nothing_of_the_room_is_told_by_the_announcement():
    async with a_scene() as scene:
        for _ in range(3):
            scene.announce(over=False)
            scene.announce(over=True)
        assert await scene.heard() == ["room.added", "room.removed"] * 3


@pytest.mark.parametrize("log_first", [True, False])
def test_who_hears_the_room_is_told_by_its_log(log_first):
    """In either order; and afterwards, hearing it no more, they are told of the next time."""

    @virtual
    async def check():
        async with a_scene() as scene:
            for _ in range(3):
                scene.subscribe()
                left = scene.leave()
                if log_first:
                    scene.log_tells(left)
                    scene.announce(over=True)
                else:
                    scene.announce(over=True)
                    scene.log_tells(left)
                assert await scene.heard() == ["member.left", "over"]
                scene.announce(over=False)
                scene.announce(over=True)
                assert await scene.heard() == ["room.added", "room.removed"]

    check()


@virtual
async def test_who_is_back_before_the_log_has_told_that_they_were_out_is_told_so_last():
    """Both were announced while a slow reader had yet to be brought up."""
    async with a_scene() as scene:
        scene.subscribe()
        left = scene.leave()
        for _ in range(2):
            scene.announce(over=True)
            scene.announce(over=False)
        assert await scene.heard() == []
        scene.log_tells(left)
        assert await scene.heard() == ["member.left", "over", "room.added"]
        scene.announce(over=True)
        assert await scene.heard() == ["room.removed"]


@virtual
async def test_who_is_out_again_by_then_is_told_no_more_than_that():
    async with a_scene() as scene:
        scene.subscribe()
        left = scene.leave()
        for over in (True, False, True):
            scene.announce(over=over)
        scene.log_tells(left)
        assert await scene.heard() == ["member.left", "over"]
        scene.announce(over=False)
        scene.announce(over=True)
        assert await scene.heard() == ["room.added", "room.removed"]


@virtual
async def test_an_announcement_that_is_lost_leaves_nothing_behind():
    async with a_scene() as scene:
        scene.subscribe()
        scene.log_tells(scene.leave())
        assert await scene.heard() == ["member.left", "over"]
        # Taken in again, not listening, and taken out again.
        scene.announce(over=False)
        scene.announce(over=True)
        assert await scene.heard() == ["room.added", "room.removed"]


@virtual
async def test_who_subscribes_again_is_told_by_the_log_again():
    async with a_scene() as scene:
        scene.subscribe()
        scene.log_tells(scene.leave())  # and its announcement is lost
        scene.subscribe()
        scene.announce(over=True)
        scene.log_tells(scene.leave())
        assert await scene.heard() == ["member.left", "over"] * 2


@virtual
async def test_a_room_that_is_found_deleted_is_over_once():
    async with a_scene() as scene:
        scene.subscribe()
        scene.client.log.deleted = True
        await asyncio.sleep(RECONCILED)
        scene.announce(over=True)
        assert await scene.heard() == ["over"]


@virtual
async def test_only_those_whom_it_concerns_are_told_on_each_of_their_connections():
    async with a_scene() as scene:
        bob = Connection(Socket().send, scene.client.hub, scene.connection.identity)
        same = Socket()
        second = Connection(same.send, scene.client.hub, scene.connection.identity)
        for each in (bob, second):
            scene.connections.add(each)
        scene.connections.remove(bob)
        scene.announce(over=False, user=uuid4())
        assert await scene.heard() == []
        scene.announce(over=False, room=uuid4())
        assert await scene.heard() == ["room.added"]
        assert same.sent == [ADDED]
        assert scene.connections.of(scene.connection.user_id) == 2
        scene.connections.remove(second)
        assert scene.connections.of(scene.connection.user_id) == 1


@virtual
async def test_the_announcement_costs_what_those_have_who_are_told():
    """Not a look at each connection of the process for each person told."""
    async with a_scene() as scene:
        looked: list[Connection] = []

        class Counting(Connections):
            def __iter__(self):
                looked.extend(self._all)
                return super().__iter__()

        counting = Counting(all_alive)
        counting.add(scene.connection)
        users = [str(uuid4()) for _ in range(500)]
        message = {
            "users": [*users, str(scene.connection.user_id)],
            "room": str(scene.room),
            "over": False,
            "payload": ADDED,
        }
        counting.tell(message)
        assert looked == []
        assert await scene.heard() == ["room.added"]
        counting.remove(scene.connection)

"""After anything that anybody does, a state that was kept up by events is what a fresh snapshot says.

The discipline is Zulip's `verify_action`: whatever an event forgets to say shows as a difference here.
"""

import copy
from contextlib import AsyncExitStack
from typing import get_args

import pytest

from api import urls
from chat.eventlog import event_types
from realtime.protocol import frames
from tests.client import Refused
from tests.states import actions, client_state, schemas
from tests.states.actions import Action
from tests.states.client_state import RoomState
from tests.states.comparing import same
from tests.states.listener import Listener
from tests.states.scene import WATCHING, Scene, open_room
from tests.states.snapshots import log, snapshots

WRITING = ("post", "put", "patch", "delete")


def writing_routes() -> set[str]:
    return {
        f"{method.upper()} {route.pattern}"
        for route in urls.urlpatterns
        for method in WRITING
        if hasattr(route.callback.cls, method)
    }


def test_every_command_and_every_writing_route_is_among_the_actions():
    possible = {command.__struct_config__.tag for command in get_args(frames.Command)} | writing_routes()
    assert {action.name for action in actions.ALL} | actions.ELSEWHERE == possible


def test_every_durable_event_is_told_by_an_action_and_known_to_the_client():
    told = {"custom" if each.startswith("custom.") else each for action in actions.ALL for each in action.tells}
    assert told == set(event_types.EVENTS)
    assert told <= client_state.KNOWN


CASES = [pytest.param(action, kind, id=f"{action}-{kind}") for action in actions.ALL for kind in action.kinds]


@pytest.mark.parametrize(("action", "kind"), CASES)
async def test_events_make_of_an_old_state_the_new_one(site, action: Action, kind: str):
    async with open_room(site, kind) as scene:
        await action.before(scene)
        watching = WATCHING if len(site.urls) > 1 else ("owner", "member", *action.leaves)
        await verify(scene, action, [role for role in watching if kind == "public" or role != "reader"])


async def verify(scene: Scene, action: Action, watching: list[str]) -> None:
    people = {role: scene.people[role] for role in watching}
    old = await snapshots(people, scene.room)
    async with AsyncExitStack() as stack:
        listeners = {
            role: await stack.enter_async_context(Listener.of(person, old[role], worker=1))
            for role, person in people.items()
        }
        await action.act(scene)
        fresh = await snapshots(people, scene.room)
        head = old["owner"].seq + len(action.tells)
        for role, listener in listeners.items():
            await hear(action, role, listener, head)
            await compare(listener, old[role], fresh[role])
    if fresh["owner"] is not None:
        await replay(scene, fresh)
    if action.again is not None:
        await once_more(scene, action, fresh["owner"])


async def hear(action: Action, role: str, listener: Listener, head: int) -> None:
    """All of it, and nothing else."""
    ended = role in action.leaves or "room.deleted" in action.tells
    passes = {*action.passes, "room.removed"} if ended else set(action.passes)
    await listener.hear(lambda it: it.state.seq == head and passes <= set(it.types))
    assert tuple(event["type"] for event in listener.events) == action.tells


async def compare(listener: Listener, old: RoomState, fresh: RoomState | None) -> None:
    """What the socket told makes the state that REST shows; and `sync` tells the same."""
    asked = {listener.room: {"seq": old.seq, "epoch": old.epoch}}
    changes = await listener.person.call("POST", "sync/", {"since": asked})
    assert (fresh is None) == (listener.state.gone is not None)
    if not set(listener.types) <= set(event_types.EVENTS):
        await listener.lists_its_rooms()
    if fresh is None:
        assert listener.room in changes["removed"]
        return
    same(listener.state, fresh)
    assert listener.events == synced(changes, listener.room)
    for start in (old, fresh):
        # From a snapshot that was read while it all happened, too.
        again = copy.deepcopy(start)
        again.seq = old.seq
        for event in listener.events * 2:
            again.apply(event)
        again.markers = dict(fresh.markers)
        same(again, fresh)


def synced(changes: dict, room: str) -> list[dict]:
    found = [change for change in changes["rooms"] if change["room"]["id"] == room]
    assert all(change["recovered"] and not change["more"] for change in found)
    return found[0]["events"] if found else []


async def replay(scene: Scene, fresh: dict[str, RoomState | None]) -> None:
    """Who begins with the room as it was opened, and the whole log as it is now, comes to the same."""
    events = await log(scene.people["owner"], scene.room)
    for event in events:
        schemas.check(event)
    for state in filter(None, fresh.values()):
        replayed = copy.deepcopy(scene.birth)
        replayed.me, replayed.bans = state.me, {}
        for event in events:
            replayed.apply(event)
        replayed.markers = dict(state.markers)
        same(replayed, state)


async def once_more(scene: Scene, action: Action, fresh: RoomState | None) -> None:
    """The same once more is nothing, or is refused: there is no event of it."""
    if action.again == "nothing":
        await action.act(scene)
    else:
        with pytest.raises(Refused) as refused:
            await action.act(scene)
        assert refused.value.code == action.again
    if fresh is not None:
        assert await scene.rest(scene.people["owner"], "GET", "") == fresh.summary()

"""Anybody does anything, in any order: whoever listens, comes back or begins anew shows what a snapshot shows."""

import asyncio
import copy
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.client import Person, Refused, Site
from tests.states import steps
from tests.states.client_state import RoomState
from tests.states.comparing import same
from tests.states.listener import Listener
from tests.states.snapshots import log, snapshots
from tests.states.steps import STEPS, Possible

ROLES = ("owner", "moderator", "member", "reader")
# What may be answered to somebody who may not. Anything else is a fault.
REFUSALS = {"not_found", "not_a_member", "forbidden", "muted", "archived", "last_owner", "invalid"}

number = st.integers(0, 23)


class Life(RuleBasedStateMachine):
    """A public room, and who comes and goes. Away are those who look in now and then: one by `sync`, one by socket."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.runner.run(self._begin(Site(urls)))

    async def _begin(self, site: Site) -> None:
        await self.stack.enter_async_context(site.open())
        self.people = {role: await site.person(f"states-{role}") for role in ROLES}
        owner = self.people["owner"]
        self.room = await owner.room(kind="public")
        self.birth = (await snapshots({"": owner}, self.room))[""]
        for role in ("moderator", "member"):
            await owner.call("POST", f"rooms/{self.room}/members/", {"user": self.people[role].id})
        await owner.call("PATCH", f"rooms/{self.room}/", {"custom_events": "member"})
        await self.people["member"].send(self.room, "hello")
        self.fresh = await snapshots(self.people, self.room)
        self.listeners: dict[str, Listener] = {}
        for worker, (role, person) in enumerate(self.people.items()):
            listening = Listener.of(person, self.fresh[role], worker=worker)
            self.listeners[role] = await self.stack.enter_async_context(listening)
        self.away = {way: copy.deepcopy(self.fresh) for way in BACK}

    @rule(step=st.sampled_from(STEPS), a=number, b=number, c=number)
    def somebody_does_something(self, step, a, b, c):
        seeing = [state for state in self.fresh.values() if state is not None]
        possible = Possible(self.people, max(seeing, key=lambda state: state.bans is not None))
        if possible.state.facts["archived_at"] and c % 2:  # or not much happens any more
            step = steps.archive
        self.runner.run(self._do(*step(possible, a, b, c)))

    async def _do(self, who: str, method: str, path: str, body) -> None:
        try:
            await self.people[who].call(method, f"rooms/{self.room}/{path}", body)
        except Refused as refusal:
            assert refusal.code in REFUSALS, refusal  # noqa: PT017
        self.fresh = await snapshots(self.people, self.room)
        for role, listener in self.listeners.items():
            await follow(listener, self.fresh[role])

    @rule(way=st.sampled_from(["sync", "socket"]))
    def somebody_comes_back(self, way):
        self.runner.run(self._come_back(way))

    async def _come_back(self, way: str) -> None:
        for role, state in self.away[way].items():
            fresh = self.fresh[role]
            if state is not None and fresh is not None:
                await BACK[way](self.people[role], state, fresh)
            else:  # shut out, or let in where there is nothing to go on from
                self.away[way][role] = copy.deepcopy(fresh)

    def teardown(self):
        with self.runner:
            self.runner.run(self._end())

    async def _end(self) -> None:
        async with self.stack:
            for way in BACK:
                await self._come_back(way)
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        """With the room as it was opened, and the whole log as it is now."""
        states = {role: state for role, state in self.fresh.items() if state is not None}
        events = await log(self.people[next(iter(states))], self.room)
        for state in states.values():
            begun = copy.deepcopy(self.birth)
            begun.me, begun.bans = state.me, {}
            for event in events:
                begun.apply(event)
            begun.markers = dict(state.markers)
            same(begun, state)


async def follow(listener: Listener, fresh: RoomState | None) -> None:
    """Hear all there is. Who was taken out and may still read subscribes again; who was let in again begins anew."""
    if fresh is None:
        await listener.hear(lambda it: it.ended and it.state.gone is not None)
        return
    if listener.state.gone is not None:
        listener.state = copy.deepcopy(fresh)
        await listener.subscribe()
    while listener.state.seq < fresh.seq:
        await listener.hear(lambda it: it.ended or it.state.seq == fresh.seq)
        if listener.ended:
            await listener.subscribe()
    await listener.hear(lambda it: it.state.markers == fresh.markers)
    same(listener.state, fresh)


async def by_sync(person: Person, state: RoomState, fresh: RoomState) -> None:
    room = state.facts["id"]
    changes = await person.call("POST", "sync/", {"since": {room: {"seq": state.seq, "epoch": state.epoch}}})
    for change in changes["rooms"]:
        if change["room"]["id"] == room:
            assert change["recovered"]
            assert not change["more"]
            for event in change["events"]:
                state.apply(event)
    assert changes["markers"].get(room) == fresh.markers.get(person.id)
    caught_up(state, fresh)


async def by_socket(person: Person, state: RoomState, fresh: RoomState) -> None:
    async with Listener.of(person, state, worker=1) as listener:
        await listener.hear(lambda it: it.state.seq == fresh.seq)
    vars(state).update(vars(listener.state))
    caught_up(state, fresh)


def caught_up(state: RoomState, fresh: RoomState) -> None:
    """Their markers others tell only in passing: they are asked for."""
    state.markers = dict(fresh.markers)
    same(state, fresh)


BACK = {"sync": by_sync, "socket": by_socket}


@pytest.mark.parametrize("server", ["embedded", "cluster"])
def test_whatever_happens(request, server):
    urls = request.getfixturevalue(f"{server}_urls")
    quickly = settings(
        max_examples=3,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        # Shrinking takes minutes: add Phase.shrink to read a failure in few steps.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(lambda: Life(urls), settings=quickly)

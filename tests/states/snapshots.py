"""A room as REST tells it: what a client begins with, and what its state is compared with later."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.client import Person, Refused
from tests.states.client_state import RoomState

Json = dict[str, Any]
_MANAGERS = ("owner", "moderator")
_FACTS = ("id", "kind", "name", "topic", "custom_events", "created_by", "created_at", "archived_at")


async def snapshots(people: Mapping[str, Person], room: str, *, worker: int = 0) -> dict[str, RoomState | None]:
    """As each of them sees it, None if they may not, at a moment when nothing happens. What is told to all alike is
    read once, by the last who may."""
    views = await asyncio.gather(*(_view(person, room, worker) for person in people.values()))
    seeing = [(person, view) for person, view in zip(people.values(), views, strict=True) if view is not None]
    if not seeing:
        return dict.fromkeys(people)
    reader, view = seeing[-1]
    reacted = [message["id"] for message in view["messages"]["results"] if message["reactions"]]
    lists = await _lists(reader, room, reacted, worker)
    return {
        role: None if view is None else _state(person, view, lists)
        for (role, person), view in zip(people.items(), views, strict=True)
    }


async def log(person: Person, room: str, *, worker: int = 0) -> list[Json]:
    return await _pages(person, f"rooms/{room}/events/?limit=200&after_seq=0", worker)


async def mine(person: Person, *, worker: int = 0) -> dict[str, Json]:
    """The rooms where something happened last, of those that somebody is in."""
    page = await person.call("GET", "rooms/?limit=5", worker=worker)
    return {room["id"]: room for room in page["results"]}


def _state(person: Person, view: Json, lists: Json) -> RoomState:
    told, page, bans = view["room"], view["messages"], view["bans"]
    messages = {message["id"]: message for message in page["results"]}
    state = RoomState(
        me=person.id,
        facts={name: told[name] for name in _FACTS},
        epoch=told["epoch"],
        seq=told["last_seq"],
        members=dict(lists["members"]),
        messages=messages,
        reactions={message: dict(given) for message, given in lists["reactions"].items()},
        bans=None if bans is None else {user: each["user"] for user, each in bans.items()},
        markers={user: each["last_read_seq"] for user, each in lists["read"].items()},
        custom=[event for event in lists["log"] if event["type"].startswith("custom.")],
    )
    # Two ways of telling the same are the same.
    assert state.summary() == told
    assert state.own_reactions() == {message: set(emoji) for message, emoji in page["own_reactions"].items()}
    assert set(state.reactions) == {message["id"] for message in messages.values() if message["reactions"]}
    for message, given in state.reactions.items():
        counts = {each["emoji"]: each["count"] for each in messages[message]["reactions"]}
        assert counts == {emoji: sum(each == emoji for _, each in given) for emoji in counts}
    return state


async def _view(person: Person, room: str, worker: int) -> Json | None:
    """What is told to each in their own way."""
    try:
        told = await person.call("GET", f"rooms/{room}/", worker=worker)
    except Refused as refusal:
        if refusal.code != "not_found":
            raise
        return None
    page = await person.call("GET", f"rooms/{room}/messages/?limit=200", worker=worker)
    assert page["previous"] is None
    bans = await _by_user(person, room, "bans", worker) if told["role"] in _MANAGERS else None
    return {"room": told, "messages": page, "bans": bans}


async def _lists(person: Person, room: str, reacted: list[str], worker: int) -> Json:
    """What is told to all alike."""
    members, readers, events, *given = await asyncio.gather(
        _by_user(person, room, "members", worker),
        _by_user(person, room, "read", worker),
        log(person, room, worker=worker),
        *(_reactions(person, room, message, worker) for message in reacted),
    )
    return {"members": members, "read": readers, "log": events, "reactions": dict(zip(reacted, given, strict=True))}


async def _by_user(person: Person, room: str, what: str, worker: int) -> dict[str, Json]:
    rows = await _pages(person, f"rooms/{room}/{what}/?limit=200", worker)
    return {row["user"]["id"]: row for row in rows}


async def _reactions(person: Person, room: str, message: str, worker: int) -> dict[tuple[str, str], Json]:
    rows = await _pages(person, f"rooms/{room}/messages/{message}/reactions/?limit=200", worker)
    return {(row["user"]["id"], row["emoji"]): row["user"] for row in rows}


async def _pages(person: Person, path: str, worker: int) -> list[Json]:
    results: list[Json] = []
    following: str | None = path
    while following is not None:
        page = await person.call("GET", following.partition("/api/v1/")[2] or following, worker=worker)
        results += page["results"]
        following = page["next"]
    return results

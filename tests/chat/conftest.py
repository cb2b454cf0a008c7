"""A house with a room in it, and somebody of every kind."""

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from chat import bans, members, reactions, rooms, wire
from chat.eventlog import announcements
from core.announcer import announcer
from tests.chat.talk import people, promote, room, say
from tests.unit.stand_ins import LAYERS


def pytest_collection_modifyitems(items) -> None:
    """Of tests/chat/test_sqlite.py's run: threads would each have a database of their own."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if os.environ["DATABASE_URL"].startswith("sqlite") and marker and marker.kwargs.get("transaction"):
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL"))


ROLES = ("owner", "moderator", "member", "former", "banned", "stranger")


@dataclass
class House:
    """`by` has a message of each who ever was a member."""

    room: UUID
    who: dict[str, UUID]
    target: UUID
    by: dict[str, wire.Message]

    def message(self, who: UUID) -> UUID:
        """One of their own; of a stranger, any."""
        name = next(name for name, user_id in self.who.items() if user_id == who)
        return self.by.get(name, self.by["target"]).id


@pytest.fixture
def build():
    """A function that makes such a room, of a kind."""

    def make(kind: str) -> House:
        names = [f"{kind}-{name}" for name in (*ROLES, "target")]
        owner, moderator, member, former, banned, stranger, target = people(*names)
        made = room(owner, moderator, member, former, banned, target, kind=kind)
        promote(made, moderator, "moderator")
        who = {"owner": owner, "moderator": moderator, "member": member, "former": former, "banned": banned}
        by = {name: say(user_id, made, f"by {name}") for name, user_id in (who | {"target": target}).items()}
        for each in by.values():
            reactions.add(user_id=each.author.id, room_id=made, message_id=each.id, emoji="👍")
        members.leave(user_id=former, room_id=made)
        bans.ban(actor_id=owner, room_id=made, user_id=banned)
        return House(made, who | {"stranger": stranger}, target, by)

    return make


@pytest.fixture
def pair():
    """A direct room, as a house whose two are members; the others are strangers."""
    alice, bob, carol = people("alice", "bob", "carol")
    made = rooms.direct(user_id=alice, peer_id=bob).room.id
    by = {"member": say(alice, made, "mine"), "target": say(bob, made, "yours")}
    for each in by.values():
        reactions.add(user_id=each.author.id, room_id=made, message_id=each.id, emoji="👍")
    return House(made, {"member": alice, "stranger": carol}, bob, by)


@pytest.fixture
def passed(settings, django_capture_on_commit_callbacks):
    """A context manager: what a commit would tell those who listen now, and the log does not."""
    settings.CHANNEL_LAYERS = LAYERS

    @contextmanager
    def during():
        announced: list[dict] = []
        said: list[dict] = []
        with django_capture_on_commit_callbacks() as callbacks:
            yield said
        announcer.listeners.append(announced.append)
        try:
            for callback in callbacks:
                callback()
            announcer.flush()
        finally:
            announcer.listeners.remove(announced.append)
        said += [_read(each) for each in announced if each["type"] != announcements.ANNOUNCEMENT]

    return during


def _read(message: dict) -> dict:
    """With the payload as an object, where there is but one."""
    (payload,) = message.get("payloads") or [message["payload"]]
    return message | {"payload": json.loads(payload)}

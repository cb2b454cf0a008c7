"""People and their room, connections of others, and what is announced."""

import queue
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from chat import members, rooms
from chat.group_commit import drafts
from chat.group_commit.writer import Writer
from core.announcer import announcer
from tests.drafts.batch import DEADLINE
from tests.unit.stand_ins import LAYERS


@pytest.fixture
def people() -> list[uuid.UUID]:
    return [User.objects.create(username=name).id for name in ("alice", "bob", "carol")]


@pytest.fixture
def room(people) -> uuid.UUID:
    """Alice's and Bob's, where Bob's joining is seq 1."""
    made = rooms.create(creator_id=people[0], name="room", kind="private").id
    members.add(actor_id=people[0], room_id=made, user_id=people[1])
    return made


@pytest.fixture
def others() -> Iterator:
    """A function that opens a connection to PostgreSQL which Django knows nothing of."""
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        where = {name.lower(): connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
        opened.append(psycopg.connect(dbname=connection.settings_dict["NAME"], **where))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


@pytest.fixture
def heard(settings) -> Iterator[queue.SimpleQueue]:
    """What this process announces, as it does."""
    settings.CHANNEL_LAYERS = LAYERS
    said: queue.SimpleQueue = queue.SimpleQueue()
    announcer.listeners.append(said.put)
    yield said
    announcer.listeners.remove(said.put)


@pytest.fixture
def announcements(django_capture_on_commit_callbacks):
    """A context manager: the `put`s that a commit would make."""
    return django_capture_on_commit_callbacks


@pytest.fixture
def writer() -> Iterator[Writer]:
    """One of the test's own, with a short queue."""
    made = Writer(drafts.store, capacity=3)
    yield made
    assert made.close(DEADLINE)

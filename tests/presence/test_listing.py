"""Who is there, as it is asked for: one query, and what this process knows itself while nobody else can be asked."""

import secrets
import socket

import pytest

from accounts.models import User
from chat import rooms
from chat.presence import presence, stores
from chat.presence.store import Arrival

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user(f"alice-{secrets.token_hex(4)}", "correct horse 9")


@pytest.fixture
def room(alice):
    return rooms.create(creator_id=alice.id, kind="private", name="room").id


@pytest.fixture
def in_memory(settings):
    settings.REDIS_URL, settings.REDIS_PREFIX = "", secrets.token_hex(4)
    return stores.get()


def test_it_takes_one_query_however_many_are_there(alice, room, in_memory, django_assert_num_queries):
    in_memory.begin("a")
    others = [Arrival(room, User(username=f"u{number}").id, f"u{number}", 1_000 - number) for number in range(50)]
    in_memory.write("a", 1, others, [])
    with django_assert_num_queries(1):
        found = presence.list_present(user_id=alice.id, room_id=room)
    assert (found.count, found.complete) == (50, True)
    assert [each.user.username for each in found.users] == [f"u{number}" for number in reversed(range(50))]


def test_nobody_of_a_worker_that_nobody_clears_away(alice, room, settings):
    settings.REDIS_PREFIX = secrets.token_hex(4)
    store = stores.get()
    store.begin("dead")
    store.write("dead", 1, [Arrival(room, alice.id, "alice")], [])
    assert presence.list_present(user_id=alice.id, room_id=room).count == 1
    store._scripts._redis.zadd(f"{settings.REDIS_PREFIX}:presence:workers", {"dead": 1})
    found = presence.list_present(user_id=alice.id, room_id=room)
    assert (found.count, found.users) == (0, [])
    store.end("dead")


def test_without_redis_and_without_sockets_nothing_is_known(alice, room, settings, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        monkeypatch.setattr(presence, "local", presence.Local())
        for _ in range(2):  # having waited for Redis, and not
            found = presence.list_present(user_id=alice.id, room_id=room)
            assert (found.count, found.users, found.complete) == (0, [], False)

"""Who is removed between the check of their right and the reading: what is read is from before it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from chat import history, members, messages, rooms, sync
from tests.chat.talk import at_once, committed, head, people, room, say

pytestmark = committed


@contextmanager
def meanwhile(act) -> Iterator[None]:
    """`act` happens elsewhere, right after the first statement here that looks at rooms."""
    done = []

    def wrapper(execute, sql, params, many, context):
        result = execute(sql, params, many, context)  # which has its snapshot, whenever it is fetched
        if not done and ('FROM "chat_room"' in sql or 'JOIN "chat_room"' in sql):
            done.append(True)
            at_once(act)
        return result

    with connection.execute_wrapper(wrapper):
        yield
    assert done


def seen(user_id):
    listing = rooms.list_rooms(user_id=user_id)
    return listing.told(list(listing.rows))


READ = {
    "messages": lambda who, made: messages.page(user_id=who, room_id=made, limit=9),
    "newer messages": lambda who, made: messages.page(user_id=who, room_id=made, after_seq=0, limit=9),
    "events": lambda who, made: history.page(user_id=who, room_id=made, after_seq=0, limit=9),
    "the room": lambda who, made: rooms.get(user_id=who, room_id=made),
    "my rooms": lambda who, made: seen(who),
    "what changed": lambda who, made: sync.since(user_id=who, positions={made: sync.Position(0)}),
    "all rooms": lambda who, made: sync.since(user_id=who, positions={}),
}


@pytest.mark.parametrize("name", READ)
def test_who_is_removed_meanwhile_reads_nothing_from_after_it(name):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    say(alice, made, "before")

    def act():
        members.remove(actor_id=alice, room_id=made, user_id=bob)
        say(alice, made, "secret")

    with meanwhile(act):
        found = str(READ[name](bob, made))
    assert head(made) == 4
    assert "before" in found
    assert "secret" not in found

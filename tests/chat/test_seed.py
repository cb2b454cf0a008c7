"""What `make run` fills an empty installation with."""

from io import StringIO

import msgspec
import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from chat import rooms, wire
from chat.eventlog import event_types
from chat.management.demo_data import PEOPLE
from chat.models import Event, Membership, Mention, Message, Reaction, Revision, Room

COUNTED = (User, Room, Membership, Message, Revision, Reaction, Mention, Event)

pytestmark = pytest.mark.django_db


def seed(settings) -> str:
    settings.DEMO = True
    output = StringIO()
    call_command("seed", stdout=output)
    return output.getvalue()


def mine(username: str) -> dict[str, wire.Room]:
    """Of each room that somebody is in; a direct one is called as the other is."""
    user_id = User.objects.get(username=username).id
    listing = rooms.list_rooms(user_id=user_id)
    return {room.name or room.peer.username: room for room in listing.told(list(listing.rows))}


def test_seeding_twice_is_seeding_once(settings):
    seed(settings)
    counts = [model.objects.count() for model in COUNTED]
    assert all(counts)
    told = seed(settings)
    assert [model.objects.count() for model in COUNTED] == counts
    assert str(mine("alice")["lobby"].id) in told


def test_there_is_something_of_everything(settings):
    seed(settings)
    assert set(User.objects.values_list("username", flat=True)) == set(PEOPLE)
    assert set(Room.objects.values_list("kind", flat=True)) == {"public", "private", "direct"}
    assert set(Membership.objects.values_list("role", flat=True)) == {"owner", "moderator", "member"}
    types = set(Event.objects.values_list("type", flat=True))
    assert types >= {
        "message.created",
        "message.updated",
        "message.deleted",
        "reaction.added",
        "member.joined",
        "member.updated",
        "room.archived",
        "custom.build.finished",
    }
    assert Message.objects.exclude(reply_to=None).exists()


def test_every_event_is_as_the_protocol_says(settings):
    seed(settings)
    for kind, payload in Event.objects.values_list("type", "payload"):
        data = msgspec.json.decode(payload)["data"]
        msgspec.convert(data, event_types.EVENTS["custom" if kind.startswith("custom.") else kind])


def test_something_waits_for_alice(settings):
    seed(settings)
    alice, bob = mine("alice"), mine("bob")
    waiting = {name: (room.unread_count, room.mention_count) for name, room in alice.items()}
    assert waiting == {"lobby": (0, 0), "launch": (3, 1), "bob": (1, 0), "summer party": (0, 0)}
    assert {room.unread_count for room in bob.values()} == {0}
    assert alice["summer party"].archived_at
    found = rooms.list_public_rooms(user_id=alice["lobby"].created_by, search="book")
    assert [room.name for room in found.rows] == ["book club"]


def test_what_was_begun_there_is_left_as_it_is(settings):
    seed(settings)
    lobby = Room.objects.get(name="lobby")
    bob = User.objects.get(username="bob")
    Membership.objects.filter(room=lobby, user=bob).delete()
    last = lobby.last_seq
    seed(settings)
    lobby.refresh_from_db()
    assert (lobby.last_seq, "lobby" in mine("bob")) == (last, False)


def test_it_is_refused_where_the_demo_is_off(settings):
    settings.DEMO = False
    with pytest.raises(CommandError):
        call_command("seed", stdout=StringIO())
    assert not User.objects.exists()

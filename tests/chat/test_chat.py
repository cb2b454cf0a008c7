"""The rules of rooms, straight at the domain, with the number of queries each costs."""

import json
import uuid

import pytest
from django.db import transaction

from accounts.models import User
from chat import edits, history, members, messages, permissions, reactions, receipts, rooms, typing_notifications
from chat.errors import Forbidden, LastOwner, NotAMember
from chat.eventlog import announcements, log
from chat.models import Event, Membership, Message, Room
from core.errors import Invalid, NotFound

pytestmark = pytest.mark.django_db

NOWHERE = uuid.UUID(int=0)


@pytest.fixture
def people():
    return [User.objects.create(username=name).id for name in ("alice", "bob", "carol")]


@pytest.fixture
def room(people):
    return rooms.create(creator_id=people[0], name="room", kind="private").id


def test_a_room_is_its_creators(people):
    room = rooms.create(creator_id=people[0], name="  Salon  ", kind="public")
    assert (room.name, room.kind, room.role, room.last_seq) == ("  Salon  ", "public", "owner", 0)
    assert rooms.get(user_id=people[0], room_id=room.id) == room
    assert rooms.get(user_id=people[1], room_id=room.id).role is None


@pytest.mark.parametrize(("name", "kind"), [("", "public"), ("x" * 101, "public"), ("x", "direct"), ("x", "secret")])
def test_a_bad_room(people, name, kind):
    with pytest.raises(Invalid):
        rooms.create(creator_id=people[0], name=name, kind=kind)


def test_a_private_room_is_seen_by_members(people, room):
    alice, bob, _ = people
    with pytest.raises(NotFound):
        rooms.get(user_id=bob, room_id=room)
    with pytest.raises(NotFound):
        members.join(user_id=bob, room_id=room)
    assert members.add(actor_id=alice, room_id=room, user_id=bob).created
    assert not members.add(actor_id=alice, room_id=room, user_id=bob).created
    assert rooms.get(user_id=bob, room_id=room).role == "member"
    assert members.join(user_id=bob, room_id=room).last_seq == 1


def test_readers_of_a_room(people, room):
    alice, bob, _ = people
    public = rooms.create(creator_id=alice, name="p", kind="public").id
    assert permissions.list_readers(room_id=room, user_ids=[alice, bob]) == {alice}
    assert permissions.list_readers(room_id=public, user_ids=[alice, bob]) == {alice, bob}
    assert permissions.list_readers(room_id=NOWHERE, user_ids=[alice]) == set()


def test_only_managers_manage(people, room):
    alice, bob, carol = people
    members.add(actor_id=alice, room_id=room, user_id=bob)
    for act in (members.add, members.remove):
        with pytest.raises(Forbidden):
            act(actor_id=bob, room_id=room, user_id=carol if act is members.add else alice)
        with pytest.raises(NotFound):
            act(actor_id=carol, room_id=room, user_id=bob)
    Membership.objects.filter(user_id=bob).update(role="moderator")
    assert members.add(actor_id=bob, room_id=room, user_id=carol).created
    members.remove(actor_id=bob, room_id=room, user_id=carol)
    with pytest.raises(NotFound):
        members.remove(actor_id=bob, room_id=room, user_id=carol)


def test_adding_somebody_who_is_not(people, room):
    with pytest.raises(Invalid, match="user"):
        members.add(actor_id=people[0], room_id=room, user_id=NOWHERE)


def test_a_room_keeps_an_owner(people, room):
    for leave in (
        lambda: members.leave(user_id=people[0], room_id=room),
        lambda: members.remove(actor_id=people[0], room_id=room, user_id=people[0]),
    ):
        with pytest.raises(LastOwner):
            leave()


def test_coming_and_going_are_events(people):
    alice, bob, _ = people
    room = rooms.create(creator_id=alice, name="r", kind="public").id
    members.join(user_id=bob, room_id=room)
    members.leave(user_id=bob, room_id=room)
    with pytest.raises(NotAMember):
        members.leave(user_id=bob, room_id=room)
    members.add(actor_id=alice, room_id=room, user_id=bob)
    members.remove(actor_id=alice, room_id=room, user_id=bob)
    told = [json.loads(entry.payload) for entry in log.read(room_id=room, after=0, limit=10)]
    assert [(event["seq"], event["type"], event["data"].get("reason")) for event in told] == [
        (1, "member.joined", None),
        (2, "member.left", "left"),
        (3, "member.joined", None),
        (4, "member.left", "removed"),
    ]
    assert {event["data"]["user"]["username"] for event in told} == {"bob"}


def test_a_message_is_its_event(people, room):
    sent = messages.send(author_id=people[0], room_id=room, body="hi", client_ref="r", data={"a": [1]})
    (event,) = Event.objects.all()
    assert json.loads(event.payload)["data"]["id"] == str(sent.message.id)
    assert (event.seq, event.type, event.message_id) == (1, "message.created", sent.message.id)
    assert messages.get(user_id=people[0], room_id=room, message_id=sent.message.id) == sent.message
    again = messages.send(author_id=people[0], room_id=room, body="other", client_ref="r")
    assert (again.created, again.message) == (False, sent.message)
    assert Room.objects.get().last_seq == 1


def test_who_may_not_send(people, room):
    with pytest.raises(NotFound):
        messages.send(author_id=people[1], room_id=room, body="hi")
    with pytest.raises(NotFound):
        messages.send(author_id=people[0], room_id=NOWHERE, body="hi")
    public = rooms.create(creator_id=people[0], name="p", kind="public").id
    with pytest.raises(NotAMember):
        messages.send(author_id=people[1], room_id=public, body="hi")
    assert not Message.objects.exists()


def test_pages_of_messages(people, room):
    for number in range(7):
        messages.send(author_id=people[0], room_id=room, body=str(number + 1))

    def page(**bounds):
        found = messages.page(user_id=people[0], room_id=room, **bounds)
        return [message.seq for message in found.messages], found.older, found.newer

    assert page(limit=3) == ([5, 6, 7], True, False)
    assert page(limit=3, before_seq=5) == ([2, 3, 4], True, True)
    assert page(limit=3, before_seq=2) == ([1], False, True)
    assert page(limit=3, after_seq=0) == ([1, 2, 3], False, True)
    assert page(limit=3, after_seq=5) == ([6, 7], True, False)
    assert page(limit=9, after_seq=2, before_seq=5) == ([3, 4], True, True)
    assert page(limit=3, after_seq=7) == ([], True, False)


def test_pages_of_events_say_whether_they_continue(people, room):
    for number in range(5):
        messages.send(author_id=people[0], room_id=room, body=str(number))

    def page(after, limit=10):
        found = history.page(user_id=people[0], room_id=room, after_seq=after, limit=limit)
        return [entry.seq for entry in found.entries], found.more, found.recovered, found.head.seq

    assert page(0, 2) == ([1, 2], True, True, 5)
    assert page(3) == ([4, 5], False, True, 5)
    assert page(5) == ([], False, True, 5)
    assert page(6) == ([], False, False, 5)
    Event.objects.filter(seq__lte=2).delete()
    assert page(2) == ([3, 4, 5], False, True, 5)
    assert page(1) == ([3, 4, 5], False, False, 5)


def test_a_rollback_leaves_no_hole(people, room):
    with transaction.atomic():
        messages.send(author_id=people[0], room_id=room, body="never")
        transaction.set_rollback(True)
    assert messages.send(author_id=people[0], room_id=room, body="first").message.seq == 1


def test_an_app_may_append_in_its_own_transaction(people, room):
    with transaction.atomic():
        entry = log.append(room=log.lock(room), type="custom.order_updated", data={"order": 5})
    assert json.loads(entry.payload)["data"] == {"order": 5}
    assert log.heads([room])[room].seq == 1


@pytest.mark.django_db(transaction=True)
def test_no_event_without_a_transaction(people, room):
    with pytest.raises(transaction.TransactionManagementError):
        log.append(room=Room.objects.get(), type="custom.x", data=None)


def test_nothing_is_announced_before_the_commit(people, room, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as announced:
        messages.send(author_id=people[0], room_id=room, body="hi")
    (callback,) = [each for each in announced if isinstance(getattr(each, "__self__", None), announcements.Appended)]
    assert callback.__func__ is announcements.Appended.put
    assert callback.__self__.room_id == room
    with django_capture_on_commit_callbacks() as announced:
        messages.page(user_id=people[0], room_id=room, limit=5)
    assert announced == []


QUERIES = {
    # savepoint, lock, author, message with event and room, release
    "send": (5, lambda p, r, m: messages.send(author_id=p[0], room_id=r, body="x")),
    # and one more for the client_ref
    "send with client_ref": (6, lambda p, r, m: messages.send(author_id=p[0], room_id=r, body="x", client_ref="c")),
    "page of messages": (2, lambda p, r, m: messages.page(user_id=p[0], room_id=r, limit=50)),
    "page of events": (2, lambda p, r, m: history.page(user_id=p[0], room_id=r, after_seq=0, limit=50)),
    "positions": (1, lambda p, r, m: permissions.list_positions([(p[0], [r, NOWHERE]), (p[1], [r])])),
    "heads": (1, lambda p, r, m: log.heads([r, NOWHERE])),
    # room, membership, marker, whether it is a crowd that need not be told
    "read marker": (4, lambda p, r, m: receipts.read(user_id=p[0], room_id=r, seq=1)),
    "read marker that stays": (3, lambda p, r, m: receipts.read(user_id=p[0], room_id=r, seq=0)),
    # room, membership
    "typing": (2, lambda p, r, m: typing_notifications.start(user_id=p[0], room_id=r)),
    # savepoint, lock, membership, message; revision, message, mentions; what the log told, anew, the event; release
    "edit": (12, lambda p, r, m: edits.edit(actor_id=p[0], room_id=r, message_id=m, body="y")),
    # the same; of revisions, mentions and reactions nothing is left
    "delete": (12, lambda p, r, m: edits.delete(actor_id=p[0], room_id=r, message_id=m)),
    # savepoint, lock, membership, message; reaction in a savepoint of its own; message, the event; release
    "react": (11, lambda p, r, m: reactions.add(user_id=p[0], room_id=r, message_id=m, emoji="👍")),
    # savepoint, lock, membership, away, the event, release
    "leave": (6, lambda p, r, m: members.leave(user_id=p[1], room_id=r)),
}


@pytest.mark.parametrize("name", QUERIES)
def test_what_it_costs(people, room, name, django_assert_num_queries):
    for number in range(10):
        messages.send(author_id=people[0], room_id=room, body=str(number))
    members.add(actor_id=people[0], room_id=room, user_id=people[1])
    said = Message.objects.latest("seq").id
    count, call = QUERIES[name]
    with django_assert_num_queries(count):
        call(people, room, said)

"""What staff may do with rooms, members and messages in the admin: each is an event, and an entry in the history."""

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from chat import edits, members, moderation, rooms
from chat.models import Ban, Event, Membership, Message, Revision, Role, Room
from tests.admin.house import BANS, LISTS, MEMBERSHIPS, MESSAGES, ROOMS, SOON
from tests.admin.test_rights import act

# (list, rights, event that says so)
ACTIONS = {
    "archive": (ROOMS, ["change_room"], "room.archived"),
    "bury room": (ROOMS, ["delete_room"], "room.deleted"),
    "remove": (MEMBERSHIPS, ["delete_membership"], "member.left"),
    "ban": (MEMBERSHIPS, ["delete_membership", "add_ban"], "member.left"),
    "unmute": (MEMBERSHIPS, ["change_membership"], "member.updated"),
    "lift": (BANS, ["delete_ban"], "member.unbanned"),
    "bury message": (MESSAGES, ["delete_message"], "message.deleted"),
}
VIEWS = ["view_room", "view_membership", "view_ban", "view_message"]
RIGHTS = {right for _, rights, _ in ACTIONS.values() for right in rights}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_an_event_and_an_entry_in_the_history(browser, helper, house, name):
    url, rights, event = ACTIONS[name]
    house.mute()
    before, staff = len(house.told), helper(*VIEWS, *rights)
    page = act(browser(staff), url, name.split()[0], house.row(url))
    assert "Done with 1 of 1." in page.content.decode()
    assert house.told[before:] == [event]
    entry = LogEntry.objects.get(user=staff)
    assert "what was said" not in f"{entry.object_repr} {entry.change_message}"
    assert house.member.username not in f"{entry.object_repr} {entry.change_message}"


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_needs_all_its_rights(browser, helper, house, name):
    url, rights, _ = ACTIONS[name]
    house.mute()
    told, row = house.told, house.row(url)
    for missing in rights:
        client = browser(helper(*VIEWS, *(RIGHTS - {missing})))
        act(client, url, name.split()[0], row)
        assert f'value="{name.split()[0]}"' not in client.get(url).content.decode()
    assert house.told == told
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ["bury room", "remove", "ban", "lift", "bury message"])
def test_an_action_needs_the_right_to_see_what_it_is_done_to(browser, helper, house, name):
    url, rights, _ = ACTIONS[name]
    told = house.told
    client = browser(helper(*rights, "view_user"))
    assert act(client, url, name.split()[0], house.row(url)).status_code == 403
    assert house.told == told


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_done_already_or_gone_is_left(chiefs, house, name):
    """Two of the staff do the same at once: the second comes with what the list had shown."""
    url, _, _ = ACTIONS[name]
    house.mute()
    row = house.row(url)
    act(chiefs, url, name.split()[0], row)
    told = house.told
    page = act(chiefs, url, name.split()[0], row)
    assert "Done with 1 of" not in page.content.decode()
    assert house.told == told
    assert LogEntry.objects.count() == 1


def test_in_a_deleted_room_nothing_is_done(chiefs, house):
    house.mute()
    act(chiefs, ROOMS, "bury", house.room)
    told = house.told
    for url, names in (
        (ROOMS, ["archive", "unarchive", "bury"]),
        (MEMBERSHIPS, ["remove", "ban", "unmute"]),
        (BANS, ["lift"]),
        (MESSAGES, ["bury"]),
    ):
        for name in names:
            assert "Done with 0 of 1." in act(chiefs, url, name, house.row(url)).content.decode()
    assert house.told == told


def test_an_archived_room_is_used_again(chiefs, house):
    act(chiefs, ROOMS, "archive", house.room)
    assert Room.objects.get(id=house.room.id).archived_at
    act(chiefs, ROOMS, "unarchive", house.room)
    assert Room.objects.get(id=house.room.id).archived_at is None
    assert house.told[-2:] == ["room.archived", "room.updated"]


def test_many_are_done_at_once_and_said_how_many(chiefs, many):
    rows = list(Message.objects.filter(body="here"))
    moderation.delete_message(room_id=rows[0].room_id, message_id=rows[0].id)
    assert "Done with 4 of 5." in act(chiefs, MESSAGES, "bury", *rows).content.decode()
    assert not Message.objects.filter(body="here").exists()


def test_all_that_match_is_never_meant(chiefs, many):
    count = many.told
    form = {"action": "bury", "select_across": "1"}
    chiefs.post(MESSAGES, form)
    chiefs.post(MESSAGES, form | {"_selected_action": [str(many.message.pk)]})
    assert Message.objects.exclude(deleted_at=None).count() == 1
    assert many.told == [*count, "message.deleted"]
    for url in LISTS:
        assert 'class="question' not in chiefs.get(url).content.decode()


def test_nothing_is_left_of_a_deleted_message(chiefs, house):
    edits.edit(actor_id=house.member.id, room_id=house.room.id, message_id=house.message.id, body="said better")
    act(chiefs, MESSAGES, "bury", house.message)
    house.message.refresh_from_db()
    assert (house.message.body, bool(house.message.deleted_at)) == ("", True)
    assert not Revision.objects.filter(message=house.message).exists()
    payloads = "".join(Event.objects.filter(room=house.room).values_list("payload", flat=True))
    assert "what was said" not in payloads
    assert "said better" not in payloads


@pytest.mark.parametrize("action", ["remove", "ban"])
def test_a_room_that_loses_its_last_owner_gets_another(chiefs, house, action):
    act(chiefs, MEMBERSHIPS, action, house.of(house.owner))
    assert not Membership.objects.filter(room=house.room, user=house.owner).exists()
    assert house.of(house.moderator).role == Role.OWNER
    assert house.told[-2:] == ["member.left", "member.updated"]
    act(chiefs, MEMBERSHIPS, action, house.of(house.moderator))
    assert house.of(house.member).role == Role.OWNER
    act(chiefs, MEMBERSHIPS, action, house.of(house.member))
    assert not Membership.objects.filter(room=house.room).exists()
    assert Room.objects.filter(id=house.room.id, deleted_at=None).exists()


def test_one_of_two_owners_has_no_heir(chiefs, house):
    members.change_role(actor_id=house.owner.id, room_id=house.room.id, user_id=house.member.id, role="owner")
    act(chiefs, MEMBERSHIPS, "remove", house.of(house.owner))
    assert house.of(house.moderator).role == Role.MODERATOR


def test_who_is_banned_does_not_come_back_until_it_is_lifted(chiefs, chief, house):
    act(chiefs, MEMBERSHIPS, "ban", house.of(house.member))
    ban = Ban.objects.get(room=house.room, user=house.member)
    assert ban.banned_by == chief
    with pytest.raises(Exception, match="not"):
        members.join(user_id=house.member.id, room_id=house.room.id)
    act(chiefs, BANS, "lift", ban)
    members.join(user_id=house.member.id, room_id=house.room.id)


@pytest.mark.parametrize("action", ["remove", "ban"])
def test_nobody_is_taken_out_of_a_direct_room(chiefs, somebody, action):
    one, two = somebody(), somebody()
    opened = rooms.direct(user_id=one.id, peer_id=two.id)
    row = Membership.objects.get(room=opened.room.id, user=one)
    page = act(chiefs, MEMBERSHIPS, action, row).content.decode()
    assert "Done with 0 of 1." in page
    assert "direct room" in page
    assert Membership.objects.filter(room=opened.room.id).count() == 2
    assert not Ban.objects.exists()


def test_a_past_mute_is_no_mute(chiefs, house):
    house.mute()
    Membership.objects.filter(room=house.room, user=house.member).update(muted_until=timezone.now() - SOON)
    told = house.told
    act(chiefs, MEMBERSHIPS, "unmute", house.of(house.member))
    assert house.told == told
    assert chiefs.get(f"{MEMBERSHIPS}?muted=now").context["cl"].result_count == 0

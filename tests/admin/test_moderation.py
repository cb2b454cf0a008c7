"""What staff may do with rooms, members and messages in the admin: each is an event, and an entry in the history."""

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from accounts import tokens
from accounts.models import Device, User
from chat import edits, members, moderation, rooms
from chat.models import Ban, Event, Membership, Message, Revision, Role, Room
from tests.admin.house import BANS, LISTS, MEMBERSHIPS, MESSAGES, ROOMS, SOON
from tests.admin.test_rights import DEVICES, USERS, act

# (list, rights, event that says so)
ACTIONS = {
    "archive": (ROOMS, ["change_room"], "room.archived"),
    "delete_rooms": (ROOMS, ["delete_room"], "room.deleted"),
    "remove": (MEMBERSHIPS, ["delete_membership"], "member.left"),
    "ban": (MEMBERSHIPS, ["delete_membership", "add_ban"], "member.left"),
    "mute": (MEMBERSHIPS, ["change_membership"], "member.updated"),
    "unmute": (MEMBERSHIPS, ["change_membership"], "member.updated"),
    "lift": (BANS, ["delete_ban"], "member.unbanned"),
    "delete_messages": (MESSAGES, ["delete_message"], "message.deleted"),
}
VIEWS = ["view_room", "view_membership", "view_ban", "view_message"]
RIGHTS = {right for _, rights, _ in ACTIONS.values() for right in rights}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_an_event_and_an_entry_in_the_history(browser, helper, house, name):
    url, rights, event = ACTIONS[name]
    house.mute()
    before, staff = len(house.told), helper(*VIEWS, *rights)
    page = act(browser(staff), url, name, house.row(url))
    assert "Done: 1 of 1." in page.content.decode()
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
        act(client, url, name, row)
        assert f'value="{name}"' not in client.get(url).content.decode()
    assert house.told == told
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("name", ["delete_rooms", "remove", "ban", "lift", "delete_messages"])
def test_an_action_needs_the_right_to_see_what_it_is_done_to(browser, helper, house, name):
    url, rights, _ = ACTIONS[name]
    told = house.told
    client = browser(helper(*rights, "view_user"))
    assert act(client, url, name, house.row(url)).status_code == 403
    assert house.told == told


# A second mute lasts longer than the first.
@pytest.mark.parametrize("name", [name for name in ACTIONS if name != "mute"])
def test_what_is_done_already_or_gone_is_left(chiefs, house, name):
    """Two of the staff do the same at once: the second comes with what the list had shown."""
    url, _, _ = ACTIONS[name]
    house.mute()
    row = house.row(url)
    act(chiefs, url, name, row)
    told = house.told
    page = act(chiefs, url, name, row)
    assert "Done: 1 of" not in page.content.decode()
    assert house.told == told
    assert LogEntry.objects.count() == 1


def test_in_a_deleted_room_nothing_is_done(chiefs, house):
    house.mute()
    act(chiefs, ROOMS, "delete_rooms", house.room)
    told = house.told
    for url, names in (
        (ROOMS, ["archive", "unarchive", "delete_rooms"]),
        (MEMBERSHIPS, ["remove", "ban", "mute", "unmute"]),
        (BANS, ["lift"]),
        (MESSAGES, ["delete_messages"]),
    ):
        for name in names:
            assert "Done: 0 of 1." in act(chiefs, url, name, house.row(url)).content.decode()
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
    assert "Done: 4 of 5." in act(chiefs, MESSAGES, "delete_messages", *rows).content.decode()
    assert not Message.objects.filter(body="here").exists()


def test_all_that_match_is_never_meant(chiefs, many):
    count = many.told
    form = {"action": "delete_messages", "select_across": "1", "confirmed": "yes"}
    chiefs.post(MESSAGES, form)
    chiefs.post(MESSAGES, form | {"_selected_action": [str(many.message.pk)]})
    assert Message.objects.exclude(deleted_at=None).count() == 1
    assert many.told == [*count, "message.deleted"]
    for url in LISTS:
        assert 'class="question' not in chiefs.get(url).content.decode()


def test_nothing_is_left_of_a_deleted_message(chiefs, house):
    edits.edit(actor_id=house.member.id, room_id=house.room.id, message_id=house.message.id, body="said better")
    act(chiefs, MESSAGES, "delete_messages", house.message)
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
    assert "Done: 0 of 1." in page
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


def test_an_owner_cannot_be_muted(chiefs, house):
    page = act(chiefs, MEMBERSHIPS, "mute", house.of(house.owner), house.of(house.member)).content.decode()
    assert "Done: 1 of 2." in page
    assert "owner cannot be muted" in page
    assert house.of(house.member).muted_until > timezone.now()
    assert house.of(house.owner).muted_until is None


def test_a_mute_is_not_shortened(chiefs, house):
    until = timezone.now() + timezone.timedelta(days=30)
    Membership.objects.filter(room=house.room, user=house.member).update(muted_until=until)
    assert "Done: 0 of 1." in act(chiefs, MEMBERSHIPS, "mute", house.of(house.member)).content.decode()
    assert house.of(house.member).muted_until == until


IRREVERSIBLE = [
    (ROOMS, "delete_rooms"),
    (MEMBERSHIPS, "remove"),
    (MEMBERSHIPS, "ban"),
    (MESSAGES, "delete_messages"),
    (USERS, "sign_out"),
    (USERS, "deactivate"),
    (USERS, "erase"),
    (DEVICES, "sign_out"),
]


@pytest.mark.parametrize(("url", "action"), IRREVERSIBLE)
def test_what_cannot_be_undone_is_asked_first_and_names_what_it_is_done_to(chiefs, house, granted, url, action):
    grant = granted(house.member, name="telephone")
    rows = {USERS: house.member, DEVICES: Device.objects.filter(user=house.member).first()}
    row = rows.get(url) or house.row(url)
    told = house.told
    answer = chiefs.post(f"{url}?p=1", {"action": action, "_selected_action": [str(row.pk)]})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert str(row) in unescape(page)
    assert house.told == told
    assert tokens.authenticate(grant.access_token)
    assert not LogEntry.objects.exists()
    # What the page posts, and to where.
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert chiefs.post(f"{url}?p=1", fields, follow=True).redirect_chain[-1][0] == f"{url}?p=1"
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_user_is_erased_and_the_history_has_no_name_of_theirs(chiefs, house, granted):
    member, name = house.member, house.member.username
    granted(member, name="telephone")
    act(chiefs, USERS, "deactivate", member)
    act(chiefs, DEVICES, "sign_out", Device.objects.filter(user=member).first())
    act(chiefs, MESSAGES, "delete_messages", house.message)
    page = act(chiefs, USERS, "erase", member)
    assert "Done: 1 of 1." in page.content.decode()
    member.refresh_from_db()
    assert member.erased_at
    assert house.told[-1] == "user.erased"
    entries = list(LogEntry.objects.all())
    assert len(entries) == 4
    assert not [entry for entry in entries if name in f"{entry.object_repr} {entry.change_message}"]


def test_erasing_needs_its_permission(browser, helper, house):
    client = browser(helper("view_user", "change_user"))
    act(client, USERS, "erase", house.member)
    assert not User.objects.filter(erasing_at__isnull=False).exists()
    assert not User.objects.filter(erased_at__isnull=False).exists()
    assert 'value="erase"' not in client.get(USERS).content.decode()

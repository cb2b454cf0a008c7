"""What the admin calls things, and how its pages link to each other."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.contrib import admin
from django.utils import timezone

from accounts.models import Code, Device, IdempotencyKey, Session, Ticket
from chat.models import Ban, Event, Membership, Mention, Mute, Reaction, Revision, Room
from tests.admin.house import MESSAGES, ROOMS
from tests.admin.test_pages import queries_of
from tests.admin.test_rights import DEVICES, USERS


@pytest.mark.django_db
def test_every_model_has_a_name_that_people_can_read(house, granted):
    user, room, message, now = house.member, house.room, house.message, timezone.now()
    granted(user, name="telephone")
    device = Device.objects.get(user=user)
    member, name = user.username, "house (public room)"
    said = f"message {message.seq} in {name} by {member}"
    for row, text in (
        (user, member),
        (device, f"telephone of {member}"),
        (Device(user=user), f"unnamed device of {member}"),
        (Ticket(device=device), f"ticket for telephone of {member}"),
        (Code(user=user, purpose=Code.Purpose.RESET), f"reset code of {member}"),
        (Session(user=user), f"session of {member}"),
        (Session(), "session of no user"),
        (IdempotencyKey(user=user), f"idempotency key of {member}"),
        (room, name),
        (Room(kind=Room.Kind.DIRECT, id=room.id), f"direct room …{room.id.hex[-12:]}"),
        (Membership(user=user, room=room), f"{member} in {name}"),
        (Mute(user=user, room=room), f"mute of {member} in {name}"),
        (Ban(user=user, room=room), f"ban of {member} from {name}"),
        (message, said),
        (Revision(message=message), f"revision of {said}"),
        (Reaction(message=message, user=user, emoji=":+1:"), f":+1: by {member} on {said}"),
        (Mention(message=message, user=user), f"mention of {member} in {said}"),
        (Event(room=room, seq=3, type="member.joined", created_at=now), f"event 3 (member.joined) in {name}"),
    ):
        assert str(row) == text


def test_every_model_of_ours_has_one():
    for label in ("accounts", "chat"):
        for model in apps.get_app_config(label).get_models():
            assert "__str__" in vars(model), model


def test_the_sections_have_names():
    for model in (*apps.get_app_config("accounts").get_models(), *apps.get_app_config("chat").get_models()):
        if admin.site.is_registered(model):
            assert model._meta.app_config.verbose_name in ("Accounts", "Chat")


def links_of(client, url: str) -> dict[str, str]:
    html = client.get(url).content.decode()
    return {unescape(text): unescape(href) for href, text in re.findall(r'<a href="([^"]+)">([^<]+)</a>', html)}


def test_pages_link_to_each_other(chiefs, house, granted):
    granted(house.member, name="telephone")
    user, room, message = house.member, house.room, house.message
    device = Device.objects.get(user=user)
    of_user = links_of(chiefs, f"{USERS}{user.pk}/change/")
    assert of_user.items() >= {
        ("Devices", f"{DEVICES}?user__id__exact={user.pk}"),
        ("Memberships", f"/admin/chat/membership/?user__id__exact={user.pk}"),
        ("Messages (author)", f"{MESSAGES}?author__id__exact={user.pk}"),
        ("Rooms (created by)", f"{ROOMS}?created_by__id__exact={user.pk}"),
        ("Bans", f"/admin/chat/ban/?user__id__exact={user.pk}"),
        ("Bans (banned by)", f"/admin/chat/ban/?banned_by__id__exact={user.pk}"),
    }
    of_room = links_of(chiefs, f"{ROOMS}{room.pk}/change/")
    for label, model in (("Messages", "message"), ("Memberships", "membership"), ("Bans", "ban")):
        assert of_room[label] == f"/admin/chat/{model}/?room__id__exact={room.pk}"
    for label, url in (of_user | of_room).items():
        if "__id__exact" in url:
            assert chiefs.get(url).status_code == 200, label
    person, place = f"{USERS}{user.pk}/change/", f"{ROOMS}{room.pk}/change/"
    for url in (f"{MESSAGES}{message.pk}/change/", MESSAGES, "/admin/chat/membership/"):
        found = links_of(chiefs, url)
        assert (found[user.username], found[str(room)]) == (person, place)
    assert links_of(chiefs, f"{DEVICES}{device.pk}/change/")[user.username] == person
    assert links_of(chiefs, DEVICES)[user.username] == person


def test_times_name_their_zone(chiefs, house):
    page = chiefs.get(f"{MESSAGES}{house.message.pk}/change/").content.decode()
    assert f"{house.message.created_at:%Y-%m-%d %H:%M} UTC" in page


def test_lists_are_not_counted_or_sorted_to_their_end(chiefs, somebody, monkeypatch):
    monkeypatch.setattr("accounts.admin_pages.MAX_LISTED", 3)
    for n in range(5):
        somebody(f"user{n}")
    for url in (USERS, f"{USERS}?q=user"):
        assert chiefs.get(url).context["cl"].result_count == 3
        assert queries_of(chiefs, url) <= 5

"""What staff sees of rooms in the admin, what it costs, and what they may do there."""

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from chat import bans, edits, members, messages, moderation, rooms
from chat.models import Ban, Event, Membership, Message, Revision, Role, Room
from tests.admin.test_pages import LIST_QUERIES, PAGE_QUERIES, found, queries_of
from tests.admin.test_rights import act

ROOMS, MEMBERSHIPS = "/admin/chat/room/", "/admin/chat/membership/"
BANS, MESSAGES = "/admin/chat/ban/", "/admin/chat/message/"
LISTS = (ROOMS, MEMBERSHIPS, BANS, MESSAGES)
SCRIPT = "<script>alert(1)</script>"
SOON = timezone.timedelta(hours=1)


class House:
    """A room, somebody in each role, somebody banned, and a message of the member's."""

    def __init__(self, somebody, kind="public", name="house"):
        self.owner, self.moderator, self.member, self.banned = (somebody(role) for role in ("o", "m", "n", "b"))
        made = rooms.create(creator_id=self.owner.id, kind=kind, name=name)
        self.room = Room.objects.get(id=made.id)
        for user in (self.moderator, self.member):
            members.add(actor_id=self.owner.id, room_id=made.id, user_id=user.id)
        members.change_role(actor_id=self.owner.id, room_id=made.id, user_id=self.moderator.id, role="moderator")
        bans.ban(actor_id=self.owner.id, room_id=made.id, user_id=self.banned.id)
        said = messages.send(author_id=self.member.id, room_id=made.id, body="what was said")
        self.message = Message.objects.get(id=said.message.id)

    def of(self, user) -> Membership:
        return Membership.objects.get(room=self.room, user=user)

    def row(self, url: str):
        """What an action of this list is done to."""
        if url == MEMBERSHIPS:
            return self.of(self.member)
        return {ROOMS: self.room, MESSAGES: self.message, BANS: Ban.objects.filter(room=self.room).first()}[url]

    @property
    def told(self) -> list[str]:
        return list(Event.objects.filter(room=self.room).order_by("seq").values_list("type", flat=True))

    def mute(self) -> None:
        until = timezone.now() + SOON
        members.mute(actor_id=self.owner.id, room_id=self.room.id, user_id=self.member.id, until=until)


@pytest.fixture
def house(somebody):
    return House(somebody)


@pytest.fixture
def many(somebody, house):
    """Sixty of everything, some of them in one room."""
    people = [somebody(f"many{n}") for n in range(60)]
    for user in people:
        own = rooms.create(creator_id=user.id, kind="public", name=f"of {user.username}")
        messages.send(author_id=user.id, room_id=own.id, body="many words")
        members.join(user_id=user.id, room_id=house.room.id)
    for user in people[:55]:
        bans.ban(actor_id=house.owner.id, room_id=house.room.id, user_id=user.id)
    for user in people[55:]:
        messages.send(author_id=user.id, room_id=house.room.id, body="here")
    for n in range(60):
        edits.edit(actor_id=house.member.id, room_id=house.room.id, message_id=house.message.id, body=f"edit {n}")
    return house


# Looking


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("url", LISTS)
def test_a_list_costs_a_few_queries_however_long_it_is(chiefs, url):
    assert queries_of(chiefs, url) <= LIST_QUERIES
    assert queries_of(chiefs, f"{url}?q=many") <= LIST_QUERIES
    assert queries_of(chiefs, f"{url}?p=2") <= LIST_QUERIES


def test_a_page_costs_a_few_queries_however_much_hangs_on_it(chiefs, many):
    for n in range(60, 120):
        Membership.objects.create(room=many.room, user=many.member.__class__.objects.create(username=f"more{n}"))
    assert queries_of(chiefs, f"{ROOMS}{many.room.pk}/change/") <= PAGE_QUERIES
    assert queries_of(chiefs, f"{MESSAGES}{many.message.pk}/change/") <= PAGE_QUERIES
    page = chiefs.get(f"{ROOMS}{many.room.pk}/change/")
    assert page.content.decode().count("field-joined_at") <= 50 + 1
    assert many.owner.username in page.content.decode()


def test_no_list_is_counted_to_its_end(chiefs, house, monkeypatch):
    monkeypatch.setattr("chat.watching.LISTED", 120)
    now = timezone.now()
    rows = (Message(room=house.room, author=house.owner, seq=100 + n, body=f"{n}", created_at=now) for n in range(300))
    Message.objects.bulk_create(rows)
    listed = chiefs.get(MESSAGES).context["cl"]
    assert (listed.result_count, listed.paginator.num_pages) == (120, 3)
    assert not listed.can_show_all
    assert chiefs.get(f"{MESSAGES}?p=3").status_code == 200
    assert chiefs.get(f"{MESSAGES}?p=4").status_code == 302
    of_room = chiefs.get(MESSAGES, {"room__id__exact": str(house.room.pk)}).context["cl"]
    assert [row.body for row in of_room.result_list[:2]] == ["299", "298"]


def test_all_are_found(chiefs, house):
    room, member = str(house.room.id), house.member
    for url, query, count in (
        (ROOMS, "HOUSE", 1),
        (ROOMS, room, 1),
        (ROOMS, f"{room} elsewhere", 0),
        (MEMBERSHIPS, member.username, 1),
        (MEMBERSHIPS, room, 3),
        (MEMBERSHIPS, f"{room} {member.id}", 1),
        (BANS, house.banned.username.upper(), 1),
        (BANS, str(house.owner.id), 1),
        (MESSAGES, "WAS said", 1),
        (MESSAGES, member.username, 1),
        (MESSAGES, str(house.message.id), 1),
        (MESSAGES, f"{room} said", 1),
        (MESSAGES, f"{room} unsaid", 0),
        (MESSAGES, "' OR 1=1 --", 0),
        (MESSAGES, "%", 0),
    ):
        assert found(chiefs, url, query) == count, (url, query)
    for url in LISTS:
        assert chiefs.get(url, {"q": "a\0b"}).status_code == 200


def test_lists_are_narrowed(chiefs, house):
    house.mute()
    for url, query, count in (
        (ROOMS, "kind__exact=direct", 0),
        (ROOMS, "kind__exact=public", 1),
        (ROOMS, "state=used", 1),
        (ROOMS, "state=archived", 0),
        (ROOMS, "state=deleted", 0),
        (ROOMS, "state=else", 1),
        (MEMBERSHIPS, "role__exact=moderator", 1),
        (MEMBERSHIPS, "muted=now", 1),
        (MEMBERSHIPS, f"room__id__exact={house.room.id}", 3),
        (BANS, f"room__id__exact={house.room.id}", 1),
    ):
        assert chiefs.get(f"{url}?{query}").context["cl"].result_count == count, (url, query)


@pytest.mark.parametrize(
    "query",
    [
        "author__password__startswith=a",
        "author__devices__access_digest__startswith=a",
        "author__email__startswith=a",
        "room__messages__body__startswith=a",
    ],
)
def test_messages_can_t_be_listed_by_what_others_keep_secret(chiefs, query):
    assert chiefs.get(f"{MESSAGES}?{query}").status_code == 400


@pytest.mark.parametrize("url", [ROOMS, MEMBERSHIPS, BANS])
@pytest.mark.parametrize("lookup", ["messages__body__startswith", "room__messages__body__startswith"])
def test_who_may_not_read_messages_can_t_list_by_them(browser, helper, url, lookup):
    client = browser(helper("view_room", "view_membership", "view_ban"))
    assert client.get(f"{url}?{lookup}=a").status_code in (302, 400)


def test_the_page_of_a_room_shows_members_to_those_only_who_may_see_them(browser, helper, house):
    url = f"{ROOMS}{house.room.pk}/change/"
    for rights, seen in ((("view_room",), False), (("view_room", "view_membership"), True)):
        page = browser(helper(*rights)).get(url).content.decode()
        assert (house.member.username in page) is seen
        assert "what was said" not in page


def test_edits_are_shown_to_those_who_may_see_them(browser, helper, house):
    edits.edit(actor_id=house.member.id, room_id=house.room.id, message_id=house.message.id, body="said better")
    url = f"{MESSAGES}{house.message.pk}/change/"
    for rights, seen in ((("view_message",), False), (("view_message", "view_revision"), True)):
        page = browser(helper(*rights)).get(url).content.decode()
        assert "said better" in page
        assert ("what was said" in page) is seen


def test_names_and_words_are_text(chiefs, somebody):
    house = House(somebody, name=SCRIPT)
    rooms.change(actor_id=house.owner.id, room_id=house.room.id, topic=SCRIPT)
    house.owner.username = SCRIPT
    house.owner.save()
    bans.ban(actor_id=house.owner.id, room_id=house.room.id, user_id=house.moderator.id, reason=SCRIPT)
    said = messages.send(author_id=house.owner.id, room_id=house.room.id, body=SCRIPT, data={SCRIPT: SCRIPT}).message
    edits.edit(actor_id=house.owner.id, room_id=house.room.id, message_id=said.id, body=f"2 {SCRIPT}", data=SCRIPT)
    act(chiefs, ROOMS, "archive", house.room)
    ban = Ban.objects.get(room=house.room, user=house.moderator)
    own = house.of(house.owner)
    pages = [f"{ROOMS}{house.room.pk}", f"{MESSAGES}{said.id}", f"{BANS}{ban.pk}", f"{MEMBERSHIPS}{own.pk}"]
    shown = 0
    for url in (*LISTS, *(f"{page}/{view}/" for page in pages for view in ("change", "history")), "/admin/"):
        page = chiefs.get(url)
        assert page.status_code == 200
        assert SCRIPT not in page.content.decode(), url
        shown += "&lt;script&gt;alert(1)" in page.content.decode()
    assert shown >= 9


# Nothing is typed in


@pytest.mark.parametrize("url", LISTS)
def test_nothing_is_added_changed_or_deleted_by_a_form(chiefs, house, url):
    row, told = house.row(url), house.told
    assert chiefs.get(f"{url}add/").status_code == 403
    assert chiefs.post(f"{url}add/", {"room": str(house.room.pk), "body": "forged"}).status_code == 403
    for fields in ({"body": "forged"}, {"role": "owner"}, {"name": "forged"}):
        assert chiefs.post(f"{url}{row.pk}/change/", fields).status_code == 403
    assert chiefs.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    act(chiefs, url, "delete_selected", row)
    page = chiefs.get(f"{url}{row.pk}/change/").content.decode()
    assert "deletelink" not in page
    assert 'name="_save"' not in page
    assert (house.told, type(row).objects.filter(pk=row.pk).exists()) == (told, True)


# Keeping order: (list, action, rights, event that says so)

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


def test_only_staff_comes_in(client, somebody, house):
    client.force_login(somebody())
    for url in LISTS:
        for path in (url, f"{url}{house.row(url).pk}/change/"):
            assert client.get(path).url.startswith("/admin/login/")
        assert client.post(url, {"action": "bury", "_selected_action": [str(house.row(url).pk)]}).status_code == 302
    assert Message.objects.filter(deleted_at=None).exists()

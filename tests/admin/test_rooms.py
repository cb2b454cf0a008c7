"""What staff sees of rooms in the admin, and what it costs. Nothing is typed in."""

import pytest
from django.utils import timezone

from chat import bans, edits, messages, rooms
from chat.models import Ban, Membership, Message
from tests.admin.house import BANS, LISTS, MEMBERSHIPS, MESSAGES, ROOMS, House
from tests.admin.test_pages import LIST_QUERIES, PAGE_QUERIES, found, queries_of
from tests.admin.test_rights import act

SCRIPT = "<script>alert(1)</script>"


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
    monkeypatch.setattr("accounts.admin_pages.MAX_LISTED", 120)
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
        (ROOMS, "state=active", 1),
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
    edits.edit(
        actor_id=house.owner.id, room_id=house.room.id, message_id=said.id, body=f"2 {SCRIPT}", data={"script": SCRIPT}
    )
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


def test_only_staff_comes_in(client, somebody, house):
    client.force_login(somebody())
    for url in LISTS:
        for path in (url, f"{url}{house.row(url).pk}/change/"):
            assert client.get(path).url.startswith("/admin/login/")
        form = {"action": "delete_rooms", "confirmed": "yes", "_selected_action": [str(house.row(url).pk)]}
        assert client.post(url, form).status_code == 302
    assert Message.objects.filter(deleted_at=None).exists()

"""Query strings: each parameter of each list is read as what it must be, or is a 400 with its name."""

import json
from base64 import b64encode, urlsafe_b64encode
from itertools import pairwise
from urllib.parse import quote, urlencode

import pytest
from django.utils import timezone

from accounts import devices, users
from chat.models import Room
from tests.api.test_http import ANYWHERE, PASSWORD, Api

pytestmark = pytest.mark.django_db

BY_CURSOR = {
    "rooms": "rooms/",
    "public rooms": "rooms/public/",
    "members": "rooms/{room}/members/",
    "bans": "rooms/{room}/bans/",
    "readers": "rooms/{room}/read/",
    "reactions": "rooms/{room}/messages/{message}/reactions/",
    "mentions": "users/me/mentions/",
}
BY_SEQ = {
    "messages": "rooms/{room}/messages/",
    "replies": "rooms/{room}/messages/{message}/replies/",
    "events": "rooms/{room}/events/",
}
LISTS = BY_CURSOR | BY_SEQ

NUMBERS = ["", "x", "-1", "+1", "1.5", "1e3", "0x1", "%00", "%FF", "1%00", " 1", "1 ", "٣", "½", "²", "1_0", "NaN"]
NUMBERS += ["9" * 19, "9" * 30, str(2**63), "9" * 5_000]
REST_FRAMEWORKS_OWN = ["p=x", "p=%00", "p=2026-13-45", "p=99999999999999999999", "o=1&p=-1", "r=1", "o=99999999999"]
CURSORS = [
    "",
    "x",
    "%FF",
    "%00",
    "AAAA",
    "=",
    ":",
    "::",
    "W10:",
    "null",
    "é",
    "x" * 5_000,
    *(quote(b64encode(text.encode())) for text in REST_FRAMEWORKS_OWN),
    *(quote(urlsafe_b64encode(json.dumps(each).encode())) for each in ([False, [1]], {"after_seq": 1}, None, [])),
]


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


@pytest.fixture
def known(alice):
    """Three of everything that there are lists of."""
    rooms = [alice.send("POST", "rooms/", {"name": "r", "kind": "public"}).json()["id"] for _ in range(3)]
    messages = [alice.send("POST", f"rooms/{rooms[0]}/messages/", {"body": "hello"}).json()["id"] for _ in range(3)]
    at = {"room": rooms[0], "other": rooms[1], "message": messages[0]}
    for n in range(3):
        alice.send("POST", f"rooms/{rooms[0]}/messages/", {"body": "yes", "reply_to": messages[0]})
        alice.send("PUT", f"rooms/{rooms[0]}/messages/{messages[0]}/reactions/{quote(chr(0x1F600 + n))}/")
        member, banned = (users.register(username=f"{each}{n}", password=PASSWORD) for each in ("bob", "eve"))
        alice.send("POST", f"rooms/{rooms[0]}/members/", {"user": str(member.id)})
        alice.send("POST", f"rooms/{rooms[0]}/bans/", {"user": str(banned.id)})
        his = Api(devices.login(username=f"bob{n}", password=PASSWORD).access_token)
        his.send("POST", f"rooms/{rooms[0]}/messages/", {"body": "@alice look"})
    return at


def page_of(alice, path, known, **query):
    answer = alice.send("GET", f"{path.format(**known)}?{urlencode(query)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def assert_named(answer, name):
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{name}"]


def assert_all_named(alice, known, path, name, values):
    for value in values:
        assert_named(alice.send("GET", f"{path.format(**known)}?{name}={value}"), name)
    assert_named(alice.send("GET", f"{path.format(**known)}?{name}=1&{name}=1"), name)


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_limits_and_cursors_that_are_none(alice, known, path):
    assert_all_named(alice, known, path, "limit", ["0", *NUMBERS])
    page = page_of(alice, path, known, limit=1)
    cursor = page["next_cursor"] or page["previous_cursor"]
    damaged = [cursor[:-1], cursor[1:], cursor + "x", cursor.swapcase(), cursor.partition(":")[0], cursor * 2]
    damaged += [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(0, len(cursor), 7)]
    assert_all_named(alice, known, path, "cursor", [*CURSORS, *map(quote, damaged)])


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_a_cursor_of_another_list(alice, known, path):
    others = known | {"room": known["other"]}
    answers = [page_of(alice, each, known, limit=1) for each in LISTS.values() if each != path]
    if "{room}" in path and "{message}" not in path:
        for _ in range(2):
            alice.send("POST", f"rooms/{known['other']}/messages/", {"body": "x"})
        answers.append(page_of(alice, "rooms/{room}/messages/", others, limit=1))
    for answer in answers:
        cursor = answer["next_cursor"] or answer["previous_cursor"]
        assert_named(alice.send("GET", f"{path.format(**known)}?cursor={quote(cursor)}"), "cursor")


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, name) for path in BY_SEQ.values() for name in ("after_seq", "before_seq") if "events" not in path]
    + [(BY_SEQ["events"], "after_seq")],
)
def test_a_seq_that_is_none(alice, known, path, name):
    assert_all_named(alice, known, path, name, NUMBERS)
    for edge in (0, 2**63 - 1):
        assert page_of(alice, path, known, **{name: edge})
    page = page_of(alice, path, known, limit=1)
    cursor = page["next_cursor"] or page["previous_cursor"]
    assert_named(alice.send("GET", f"{path.format(**known)}?{name}=1&cursor={quote(cursor)}"), "cursor")


def test_a_search_that_is_none(alice, known):
    for value in ("%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "x" * 501):
        assert_named(alice.send("GET", f"rooms/public/?search={value}"), "search")
    assert_named(alice.send("GET", "rooms/public/?search=a&search=b"), "search")
    for value in ("", "%20", "r", "%25", "_", "%5C", "'", "r%20" * 11):
        assert alice.send("GET", f"rooms/public/?search={value}").status_code == 200


def test_since_is_given_once(alice):
    answer = alice.send("GET", f"sync/?since={ANYWHERE}.1&since={ANYWHERE}.2")
    assert_named(answer, "since")


def test_more_parameters_than_anybody_needs(alice):
    answer = alice.send("GET", "rooms/?" + "&".join(f"p{n}=1" for n in range(1_100)))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


# Walking


def walk(alice, path, known, link, follow, **query):
    page, pages = page_of(alice, path, known, limit=2, **query), []
    while page:
        pages.append(page["results"])
        page = follow(page) if page[link] else None
    return pages


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_pages_are_followed_by_address_and_by_cursor(alice, known, path):
    whole = page_of(alice, path, known)["results"]
    ahead, back = ("next", "previous") if path in BY_CURSOR.values() or "events" in path else ("previous", "next")

    def by_address(link):
        return lambda page: alice.get(page[link]).json()

    def by_cursor(link):
        return lambda page: page_of(alice, path, known, limit=2, cursor=page[f"{link}_cursor"])

    walks = [walk(alice, path, known, ahead, follow(ahead)) for follow in (by_address, by_cursor)]
    assert walks[0] == walks[1]
    pages = walks[0] if ahead == "next" else walks[0][::-1]
    assert [row for page in pages for row in page] == whole
    assert len(pages) >= 2
    if "events" in path:
        return
    last = page_of(alice, path, known, limit=2)
    while last[ahead]:
        last = by_address(ahead)(last)
    for follow in (by_address, by_cursor):
        returned, page = [last["results"]], last
        while page[back]:
            page = follow(back)(page)
            returned.append(page["results"])
        # There may be an empty page beyond the newest message: newer ones may come.
        rows = [row for each in (returned[::-1] if back == "previous" else returned) for row in each]
        assert rows == whole
        assert all(len(each) <= 2 for each in returned)


def test_rooms_of_one_moment_are_each_on_one_page(alice):
    made = [alice.send("POST", "rooms/", {"name": "r", "kind": "private"}).json()["id"] for _ in range(7)]
    Room.objects.update(active_at=timezone.now())
    pages = walk(alice, "rooms/", {}, "next", lambda page: alice.get(page["next"]).json())
    found = [room["id"] for page in pages for room in page]
    assert found == made[::-1]
    assert [len(page) for page in pages] == [2, 2, 2, 1]


def test_what_comes_and_goes_moves_no_other_row(alice, known):
    path, listed = BY_CURSOR["members"], page_of(alice, BY_CURSOR["members"], known)["results"]
    first = page_of(alice, path, known, limit=2)
    alice.send("DELETE", f"rooms/{known['room']}/members/{listed[1]['user']['id']}/")
    newcomer = users.register(username="newcomer", password=PASSWORD)
    alice.send("POST", f"rooms/{known['room']}/members/", {"user": str(newcomer.id)})
    second = alice.get(first["next"]).json()
    assert second["results"] == listed[2:4]
    assert [row["user"]["username"] for row in alice.get(second["next"]).json()["results"]] == ["newcomer"]
    assert alice.get(second["previous"]).json()["results"] == listed[:1]


def test_a_page_that_was_emptied_leads_back(alice, known):
    path = BY_CURSOR["members"]
    first = page_of(alice, path, known, limit=3)
    last = page_of(alice, path, known)["results"][3]["user"]["id"]
    alice.send("DELETE", f"rooms/{known['room']}/members/{last}/")
    empty = alice.get(first["next"]).json()
    assert (empty["results"], empty["next"]) == ([], None)
    assert alice.get(empty["previous"]).json()["results"] == first["results"]
    alone = page_of(alice, path, known, cursor=empty["previous_cursor"], limit=1)
    assert (alone["results"], alone["next"]) == (first["results"][2:], None)
    assert all(before != after for before, after in pairwise(first["results"]))

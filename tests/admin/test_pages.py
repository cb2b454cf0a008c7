"""What the admin's pages show, what they cost, and what can be entered there."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import codes, devices, secret, tickets, tokens
from accounts.models import Code, Device, Session, Ticket, User
from tests.admin.conftest import PASSWORD

USERS, DEVICES = "/admin/accounts/user/", "/admin/accounts/device/"

# Of a list: the session, who it is of, how many rows there are, the rows. Lists that filter by date ask for a date.
LIST_QUERIES = 5
# Of one user: their devices, and their permissions and all there are, beside the session, who it is of, and the row.
PAGE_QUERIES = 8


@pytest.fixture
def crowd(somebody, granted):
    """Thirty users with three devices each."""
    users = [somebody(f"crowd{n}", email=f"crowd{n}@example.com") for n in range(30)]
    for user in users:
        for name in ("phone", "laptop", "tablet"):
            granted(user, name=name, platform="ios", address="192.0.2.7")
    return users


def queries_of(client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def links(url: str, html: str) -> set[str]:
    """Where a page leads to; of lists, each filter alone, and no other order."""
    found = {urljoin(url, unescape(each)) for each in re.findall(r'(?:href|action)="([^"#]*)"', html)}
    found = {re.sub(r"\?_changelist_filters=.*", "", each) for each in found}
    return {each for each in found if each.startswith("/admin/") and not re.search("&|[?]o=|logout", each)}


@pytest.mark.parametrize("url", [USERS, DEVICES])
def test_a_list_costs_a_few_queries_however_long_it_is(chiefs, crowd, url):
    assert queries_of(chiefs, url) <= LIST_QUERIES
    assert queries_of(chiefs, f"{url}?q=crowd") <= LIST_QUERIES


def test_a_user_costs_a_few_queries_however_many_devices_they_have(chiefs, somebody, granted):
    user = somebody()
    for _ in range(30):
        granted(user)
    assert queries_of(chiefs, f"{USERS}{user.pk}/change/") <= PAGE_QUERIES
    device = Device.objects.filter(user=user).first()
    assert queries_of(chiefs, f"{DEVICES}{device.pk}/change/") <= PAGE_QUERIES


def found(client, url: str, query: str) -> int:
    return client.get(url, {"q": query}).context["cl"].result_count


def test_users_and_devices_are_found(chiefs, crowd):
    user = crowd[7]
    for query in (user.username, user.username.upper(), user.email, str(user.id)):
        assert found(chiefs, USERS, query) == 1
    assert found(chiefs, DEVICES, user.username) == 3
    assert found(chiefs, DEVICES, "192.0.2.7") == 90
    assert found(chiefs, USERS, "' OR 1=1 --") == 0
    assert chiefs.get(USERS, {"q": "a\0b"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "access_digest__startswith=a",
        "refresh_digest__gt=0",
        "user__password__startswith=a",
        "user__codes__digest__startswith=a",
        "tickets__digest__startswith=a",
    ],
)
def test_devices_can_t_be_listed_by_the_beginning_of_a_digest(chiefs, query):
    assert chiefs.get(f"{DEVICES}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["password__startswith=a", "devices__access_digest__startswith=a", "codes__digest__startswith=a"]
)
def test_users_can_t_be_listed_by_the_beginning_of_a_digest(chiefs, query):
    assert chiefs.get(f"{USERS}?{query}").status_code == 400


def secrets_of(users) -> set[str]:
    """All that the database holds of what they prove themselves with, and what they hold themselves."""
    kept: set[str] = set()
    for user in users:
        grant = devices.grant(user=user, name="phone")
        grant = devices.refresh(refresh_token=grant.refresh_token)
        issued = tickets.issue(identity=tokens.authenticate(grant.access_token))
        code = codes.issue(user=user, purpose=Code.Purpose.RESET, address="a@example.com")
        kept |= {grant.access_token, grant.refresh_token, issued.ticket, code, secret.family_of(grant.refresh_token)}
        kept |= set(user.password.split("$")[1:])
    for model, names in (
        (Device, ["access_digest", "refresh_digest", "refresh_family_digest", "previous_digest"]),
        (Ticket, ["digest"]),
        (Code, ["digest"]),
        (Session, ["session_key", "session_data"]),
    ):
        kept |= {value for row in model.objects.values_list(*names) for value in row}
    return kept - {""}


def test_no_page_shows_a_secret_or_the_digest_of_one(chiefs, chief, somebody):
    """Every page that a link leads to, from the first one on: users, devices, their histories, lists by each filter."""
    users = [chief, *(somebody(is_staff=True) for _ in range(3))]
    kept = secrets_of(users) | {chiefs.cookies["sessionid"].value}
    assert len(kept) > 40
    seen, waiting = set(), {"/admin/", DEVICES, USERS}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        answer = chiefs.get(url, follow=True)
        assert answer.status_code == 200, url
        html = answer.content.decode()
        shown = {each for each in kept if each in html}
        assert not shown, f"{url} shows {shown}"
        assert "algorithm" not in html
        waiting |= links(url, html) - seen
    pages = {re.sub(r"[0-9a-f-]{36}", "<id>", url.partition("?")[0]) for url in seen}
    assert pages >= {
        f"{USERS}<id>/change/",
        f"{USERS}<id>/password/",
        f"{USERS}<id>/history/",
        f"{DEVICES}<id>/change/",
    }


def add(client, **fields):
    form = {"username": "", "email": "", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    empty = {"devices-TOTAL_FORMS": "0", "devices-INITIAL_FORMS": "0"}
    return client.post(f"{USERS}add/", form | empty | fields)


def test_a_user_is_added(chiefs, browser):
    answer = add(chiefs, username="Ünï-1", email="New@Example.com")
    user = User.objects.get_by_natural_key("ünï-1")
    assert answer.url == f"{USERS}{user.pk}/change/"
    assert (user.username, user.email, user.is_active, user.is_staff) == ("Ünï-1", "New@Example.com", True, False)
    assert devices.login(username="new@example.com", password=PASSWORD).user == user


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "TAKEN"}, "username"),
        ({"username": "\N{FULLWIDTH LATIN SMALL LETTER T}aken"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "a@b"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "a\0b"}, "username"),
        ({"username": "x" * 65}, "username"),
        ({"username": "free", "email": "TAKEN@example.COM"}, "email"),
        ({"username": "free", "email": "nobody"}, "email"),
        ({"username": "free", "password1": "12345678", "password2": "12345678"}, "password2"),
        ({"username": "free-name-9", "password1": "free-name-9", "password2": "free-name-9"}, "password2"),
        ({"username": "free", "password2": "other"}, "password2"),
    ],
    ids=lambda value: ascii(value).replace("\\x00", "NUL")[:60],
)
def test_what_can_t_be_is_an_error_at_its_field(chiefs, fields, field):
    User.objects.create_user("taken", PASSWORD, email="taken@example.com")
    answer = add(chiefs, **fields)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not User.objects.filter(username__in=["free", "free-name-9"]).exists()


@pytest.mark.parametrize(("field", "value"), [("username", "TAKEN"), ("email", "Taken@Example.com")])
def test_nobody_is_changed_into_somebody_else(chiefs, somebody, field, value):
    User.objects.create_user("taken", PASSWORD, email="taken@example.com")
    user = somebody()
    form = {"username": user.username, "email": "", "is_active": "on"}
    form |= {"devices-TOTAL_FORMS": "0", "devices-INITIAL_FORMS": "0"}
    answer = chiefs.post(f"{USERS}{user.pk}/change/", form | {field: value})
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    own = {"username": user.username.upper(), "email": "free@example.com"}
    assert chiefs.post(f"{USERS}{user.pk}/change/", form | own).status_code == 302


def test_the_audit_log_says_who_did_what_and_holds_no_secret(chiefs, chief, somebody):
    user = somebody()
    new = "another horse 8"
    kept = secrets_of([user, chief]) | {PASSWORD, new}
    for action in ("sign_out", "deactivate"):
        chiefs.post(USERS, {"action": action, "confirmed": "yes", "_selected_action": [str(user.pk)]})
    chiefs.post(DEVICES, {"action": "sign_out", "confirmed": "yes", "_selected_action": [str(user.devices.first().pk)]})
    set_password = {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"}
    chiefs.post(f"{USERS}{user.pk}/password/", set_password)
    add(chiefs, username="added")
    entries = list(LogEntry.objects.filter(user=chief))
    assert len(entries) == 5
    for entry in entries:
        text = f"{entry.object_repr} {entry.change_message} {entry.get_change_message()}"
        assert not [each for each in kept if each in text]

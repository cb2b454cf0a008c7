"""The admin of a running installation: two workers, a browser on one of them and the sockets on the other."""

import contextlib
import os
import re
import secrets
from urllib.parse import urljoin

import httpx
import psycopg
import pytest

from tests.admin.browser import Browser, errors, is_in
from tests.client import DEADLINE, PASSWORD, Person, Site
from tests.servers import Server, manage, migrate

CHIEF = "chief"
NEW_PASSWORD = "another horse 8"
USERS, DEVICES = "/admin/accounts/user/", "/admin/accounts/device/"


@pytest.fixture(scope="module")
def shared(postgres_database):
    variables = {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "ADMIN": "on",
    }
    password = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    manage("createsuperuser", "--noinput", "--username", CHIEF, **variables, **password)
    return variables


@pytest.fixture(scope="module")
def urls(folder, shared):
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Server(folder / f"admin{n}.log", **shared)) for n in range(2)]
        yield [worker.url for worker in workers]


@pytest.fixture
async def installation(urls):
    async with Site(urls).open() as opened:
        yield opened


@pytest.fixture
async def browser(urls):
    """The chief's."""
    async with Browser(urls[0]) as opened:
        assert is_in(await opened.log_in(CHIEF, PASSWORD))
        yield opened


@pytest.fixture
async def stranger(urls):
    async with Browser(urls[0]) as opened:
        yield opened


async def deactivate(browser: Browser, person: Person) -> httpx.Response:
    form = {"username": person.username, "devices-TOTAL_FORMS": "0", "devices-INITIAL_FORMS": "0"}
    return await browser.submit(f"{USERS}{person.id}/change/", **form)


async def deactivate_in_the_list(browser: Browser, person: Person) -> httpx.Response:
    return await browser.submit(USERS, action="deactivate", confirmed="yes", _selected_action=person.id)


async def sign_out(browser: Browser, person: Person) -> httpx.Response:
    return await browser.submit(USERS, action="sign_out", confirmed="yes", _selected_action=person.id)


async def sign_out_device(browser: Browser, person: Person) -> httpx.Response:
    return await browser.submit(DEVICES, action="sign_out", confirmed="yes", _selected_action=person.login["device"])


async def set_password(browser: Browser, person: Person) -> httpx.Response:
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true", "set-password": "1"}
    return await browser.submit(f"{USERS}{person.id}/password/", **form)


@pytest.mark.parametrize("end", [deactivate, deactivate_in_the_list, sign_out, sign_out_device, set_password])
async def test_what_an_admin_ends_closes_sockets_on_every_worker(installation, browser, end):
    person, other = await installation.newcomer(), await installation.person()
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(person.socket(worker=worker)) for worker in (0, 1)]
        kept = await stack.enter_async_context(other.socket(worker=1))
        answer = await end(browser, person)
        assert answer.status_code == 200
        assert not errors(answer), answer.text
        assert [await socket.closed() for socket in sockets] == [4401, 4401]
        assert (await person.request("GET", "users/me/", worker=1)).status_code == 401
        await kept.connection.send('{"type":"ping"}')
        assert (await kept.frame())["type"] == "pong"


async def act_on(browser: Browser, model: str, action: str, *words: str) -> httpx.Response:
    """On the one row that a search finds."""
    url = f"/admin/chat/{model}/"
    page = await browser.get(url, params={"q": " ".join(words)})
    rows = re.findall(r'name="_selected_action" value="([\w-]+)"', page.text)
    assert len(rows) == 1, rows
    answer = await browser.submit(url, action=action, confirmed="yes", _selected_action=rows[0])
    assert "Done: 1 of 1." in answer.text
    return answer


@pytest.mark.parametrize(("action", "reason"), [("remove", "removed"), ("ban", "banned")])
async def test_who_an_admin_takes_out_hears_no_more(installation, browser, action, reason):
    owner, member = await installation.person("owner"), await installation.person("member")
    room = await owner.room(member)
    async with owner.socket(worker=0) as kept, member.socket(worker=1) as lost, member.socket(worker=0) as elsewhere:
        for socket in (kept, lost):
            await socket.command("room.subscribe", room=room)
        await act_on(browser, "membership", action, room, member.id)
        for socket in (kept, lost):
            left = await socket.event(room)
            assert (left["type"], left["data"]["user"]["id"]) == ("member.left", member.id)
            assert left["data"]["reason"] == reason
        for socket in (lost, elsewhere):
            removed = await socket.wait_for(lambda frame: frame["type"] == "room.removed")
            assert (removed["room"], removed["reason"]) == (room, reason)
        await owner.send(room, "among ourselves")
        assert (await kept.event(room))["data"]["body"] == "among ourselves"
        for socket in (lost, elsewhere):
            await socket.connection.send('{"type":"ping"}')
            assert (await socket.frame())["type"] == "pong"
            assert not socket.passed


async def test_what_an_admin_does_in_a_room_is_heard_at_once(installation, browser):
    owner, member = await installation.person("owner"), await installation.person("member")
    room = await owner.room(member)
    said = await member.send(room, "what must not be said")
    muted = {"until": "2199-01-01T00:00:00Z"}
    await owner.call("PUT", f"rooms/{room}/members/{member.id}/mute/", muted)
    async with member.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room)
        await act_on(browser, "message", "delete_messages", said["id"])
        deleted = await socket.event(room)
        assert (deleted["type"], deleted["data"]["body"]) == ("message.deleted", "")
        await act_on(browser, "membership", "unmute", room, member.id)
        assert (await socket.event(room))["data"]["muted_until"] is None
        await act_on(browser, "room", "archive", room)
        assert (await socket.event(room))["data"]["archived_at"]
        await act_on(browser, "room", "unarchive", room)
        assert (await socket.event(room))["data"]["archived_at"] is None
        await act_on(browser, "room", "delete_rooms", room)
        assert (await socket.event(room))["type"] == "room.deleted"
    assert (await owner.request("GET", f"rooms/{room}/")).status_code == 404


async def test_an_action_that_waits_too_long_for_a_room_says_so(installation, browser, shared):
    owner = await installation.person("owner")
    room = await owner.room()
    form = {"action": "archive", "_selected_action": room}
    with psycopg.connect(shared["DATABASE_URL"]) as connection:
        connection.execute("SELECT FROM chat_room WHERE id = %s FOR UPDATE", [room])
        answer = await browser.submit("/admin/chat/room/", **form)
        assert answer.status_code == 200
        assert "took too long" in answer.text
    assert "Done: 1 of 1." in (await browser.submit("/admin/chat/room/", **form)).text


async def test_who_an_admin_deactivates_is_out_of_the_admin_as_well(installation, browser, stranger):
    person = await installation.newcomer("staff")
    form = {"username": person.username, "is_active": "on", "is_staff": "on"}
    empty = {"devices-TOTAL_FORMS": "0", "devices-INITIAL_FORMS": "0"}
    await browser.submit(f"{USERS}{person.id}/change/", **form, **empty)
    assert is_in(await stranger.log_in(person.username, PASSWORD))
    await deactivate(browser, person)
    assert not is_in(await stranger.get("/admin/"))
    assert not is_in(await stranger.log_in(person.username, PASSWORD))


async def test_the_form_wants_its_hidden_token(stranger):
    await stranger.get("/admin/login/")
    answer = await stranger.post("/admin/login/", data={"username": CHIEF, "password": PASSWORD})
    assert answer.status_code == 403
    elsewhere = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}
    token = {"csrfmiddlewaretoken": stranger.cookies["csrftoken"], "username": CHIEF, "password": PASSWORD}
    answer = await stranger.post("/admin/login/", data=token, headers=elsewhere)
    assert answer.status_code == 403


async def test_every_change_wants_its_hidden_token(installation, browser):
    person = await installation.newcomer()
    rooms = ("room", "membership", "ban", "message")
    pages = (USERS, f"{USERS}add/", f"{USERS}{person.id}/change/", f"{USERS}{person.id}/password/", DEVICES)
    for path in (*pages, *(f"/admin/chat/{model}/" for model in rooms)):
        form = {"action": "deactivate", "_selected_action": person.id, "usable_password": "false"}
        assert (await browser.post(path, data=form)).status_code == 403
    assert (await person.request("GET", "users/me/")).status_code == 200


async def test_who_is_no_staff_does_not_come_in(installation, stranger):
    person = await installation.newcomer()
    answer = await stranger.log_in(person.username, PASSWORD)
    assert "Please enter the correct" in errors(answer)
    assert "sessionid" not in stranger.cookies
    assert not is_in(await stranger.get(USERS))


async def test_its_cookies_are_not_for_scripts_and_its_pages_not_for_frames(browser):
    answer = await browser.get("/admin/")
    assert answer.headers["x-frame-options"] == "DENY"
    cookie = next(each for each in browser.cookies.jar if each.name == "sessionid")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"


async def test_the_api_knows_nothing_of_them(browser):
    for path in ("/healthz", "/api/v1/users/me/", "/api/v1/schema/", "/api/v1/nothing/"):
        answer = await browser.get(path)
        assert "set-cookie" not in answer.headers
        assert "x-frame-options" not in answer.headers
        assert "cookie" not in answer.headers.get("vary", "").lower()
    credentials = {"username": CHIEF, "password": "wrong"}
    answer = await browser.post("/api/v1/auth/login/", json=credentials)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_no_page_shows_a_hash(installation, browser):
    """Of the kind that production uses, whose beginning Django's own page would show."""
    person = await installation.newcomer()
    for path in (f"{USERS}{person.id}/change/", f"{USERS}{person.id}/password/", USERS, DEVICES):
        text = (await browser.get(path)).text
        assert "argon2" not in text
        assert "******" not in text


async def test_guessing_gets_slow_and_is_an_error_of_the_form(folder, shared):
    with Server(folder / "admin-limits.log", **shared | {"ROOMWIRE_RATE_LIMITS": "on"}) as server:
        async with Browser(server.url) as browser:
            for _ in range(7):
                answer = await browser.log_in(CHIEF, "wrong")
                assert answer.status_code == 200
                assert "Please enter the correct" in errors(answer)
            # The API says what the form does not. The pauses double: however slow this machine is, one is too early.
            for _ in range(12):
                answer = await browser.post("/api/v1/auth/login/", json={"username": CHIEF, "password": "wrong"})
                if answer.status_code != 401:
                    break
            assert answer.status_code == 429
            assert answer.json()["retry_after"] > 0
        assert "Traceback" not in server.log.read_text()


async def test_without_redis_nobody_signs_in_and_that_is_no_error(folder, shared):
    away = {"REDIS_URL": "redis://127.0.0.1:1", "ROOMWIRE_RATE_LIMITS": "on"}
    with Server(folder / "admin-away.log", **shared | away) as server:
        async with Browser(server.url) as browser:
            answer = await browser.log_in(CHIEF, PASSWORD)
            assert answer.status_code == 200
            assert errors(answer)


async def test_switched_off_it_is_not_there(cluster_urls):
    """As it is unless ADMIN says otherwise."""
    async with Browser(cluster_urls[0]) as browser:
        for path in ("/admin/", "/admin/login/", USERS):
            answer = await browser.get(path)
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"
            assert "set-cookie" not in answer.headers


async def test_make_run_serves_it_with_its_styles(folder):
    """The development settings have it on."""
    database = {
        "DATABASE_URL": f"sqlite:///{folder / 'admin.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    migrate(database["DATABASE_URL"])
    with Server(folder / "admin-dev.log", **database) as server:
        async with Browser(server.url) as browser:
            page = await browser.get("/admin/")
            assert page.status_code == 200
            files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
            assert len(files) >= 3
            for file in files:
                answer = await browser.get(urljoin(server.url, file), timeout=DEADLINE)
                assert answer.status_code == 200, file
                assert answer.headers["content-type"].split(";")[0] in ("text/css", "text/javascript")

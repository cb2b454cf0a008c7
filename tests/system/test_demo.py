"""The demo page in Chromium: what it shows of the seeded rooms, and of a room with more history than one page."""

import json

import httpx
import pytest

from tests.servers import Server, manage, migrate
from tests.system.chromium import Chromium

MESSAGES = 230
LINES = "[...document.querySelectorAll('#log li')]"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    database = f"sqlite:///{folder / 'demo.sqlite3'}"
    migrate(database)
    variables = {"DATABASE_URL": database, "ROOMWIRE_DEMO": "on"}
    manage("seed", **variables)
    with Server(folder / "demo.log", **variables) as server:
        yield server.url


@pytest.fixture
async def page(url, tmp_path):
    async with Chromium(tmp_path) as browser:
        await browser.open(f"{url}/demo/")
        await browser.tick("[data-person=alice]")
        await _entered(browser, "lobby")
        yield browser


async def _entered(page: Chromium, room: str) -> None:
    named = f"document.getElementById('heading').textContent === {json.dumps(room)}"
    await page.wait_for(f"document.body.dataset.state === 'live' && {named} && {LINES}.length > 0")


async def _lines(page: Chromium) -> list[str]:
    return await page.evaluate(f"{LINES}.map((line) => line.querySelector('.what').innerText)")


async def test_the_log_says_what_happened(page):
    lines = "\n".join(await _lines(page))
    for words in (
        "bob, chen, dana, emeka, and fatima joined the room · dana is moderator now",
        "bob, chen, and dana reacted 🎉 · emeka reacted 👍",
        "chen edited a message",
        "a message of fatima was deleted",
        "dana build.finished version 2.4.1 tests 1312 failed 0",
    ):
        assert words in lines
    assert "and the like" not in lines


@pytest.mark.parametrize("dark", [False, True])
async def test_the_head_of_the_page_has_one_row(page, dark):
    for width in (740, 768, 800, 850, 900, 1024, 1280):
        await page.resize(width, 800, dark=dark)
        middles = await page.evaluate(
            "[...document.querySelectorAll('#chat > header > *')].map((each) => each.getBoundingClientRect())"
            ".filter(({width}) => width).map(({top, bottom}) => Math.round((top + bottom) / 2))"
        )
        assert max(middles) - min(middles) <= 1, width
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture(scope="module")
def long_room(url) -> str:
    """A room whose last message replies to its first, which has a reaction."""
    with httpx.Client(base_url=f"{url}/api/v1/", timeout=30) as http:
        login = http.post("auth/login/", json={"username": "alice", "password": "roomwire-demo"}).json()
        http.headers["Authorization"] = f"Bearer {login['access_token']}"
        room = http.post("rooms/", json={"name": "long", "kind": "private"}).json()["id"]
        first = http.post(f"rooms/{room}/messages/", json={"body": "the first"}).json()["id"]
        for number in range(MESSAGES):
            http.post(f"rooms/{room}/messages/", json={"body": str(number)}).raise_for_status()
        http.post(f"rooms/{room}/messages/", json={"body": "the last", "reply_to": first}).raise_for_status()
        http.put(f"rooms/{room}/messages/{first}/reactions/👍/").raise_for_status()
    return room


async def test_history_goes_back_to_the_start(long_room, page):
    """Loaded while one scrolls, each event once and in order; what was in view stays there."""
    await page.evaluate(f"location.hash = 'room={long_room}'")
    await _entered(page, "long")
    await page.wait_for(f"{LINES}.length >= 100")
    assert "an earlier message" in "\n".join(await _lines(page))
    while not await page.evaluate("document.getElementById('start').innerText.includes('begins here')"):
        count = await page.evaluate(f"{LINES}.length")
        await page.evaluate("document.getElementById('log').scrollTop = 0")
        await page.wait_for(f"{LINES}.length > {count}")
        assert await page.evaluate("document.getElementById('log').scrollTop") > 0
    seqs = await page.evaluate(f"{LINES}.map((line) => Number(line.dataset.seq))")
    assert seqs == list(range(1, MESSAGES + 4))
    lines = await _lines(page)
    assert "the first" in lines[0]
    assert "👍 1" in lines[0]
    assert "alice: the first" in lines[-2]

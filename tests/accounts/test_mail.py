"""Mail: sent behind the scenes, tried again, given up; and nobody waits for it."""

import contextlib
import re
import shutil
import socket
import threading

import httpx
import pytest

from accounts.mail import Mailer
from tests.accounts.smtp import listening
from tests.client import DEADLINE, PASSWORD, until
from tests.servers import Server, free_port, migrate

GIVEN_UP = "mail was not sent"
TRIED_AGAIN = "refused a message, trying again"


class House:
    """A server whose mail goes to a port, where nobody listens yet."""

    def __init__(self, server: Server, mail_port: int) -> None:
        self.server, self.mail_port = server, mail_port
        self.http = httpx.Client(base_url=f"{server.url}/api/v1/", timeout=DEADLINE)

    def register(self, name: str) -> None:
        asked = {"username": name, "password": PASSWORD, "email": f"{name}@example.com"}
        answer = self.http.post("auth/register/", json=asked)
        assert answer.status_code == 201, answer.text

    def code(self, name: str) -> None:
        answer = self.http.post("auth/email/code/", json={"username": name})
        assert (answer.status_code, answer.content) == (202, b"")

    def logged(self, text: str) -> int:
        return self.server.log.read_text().count(text)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    path = tmp_path_factory.mktemp("mail") / "empty.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def house(migrated, tmp_path):
    database = f"sqlite:///{shutil.copy(migrated, tmp_path)}"
    port = free_port()
    url = f"smtp://127.0.0.1:{port}"
    with Server(tmp_path / "server.log", DATABASE_URL=database, EMAIL_URL=url) as server:
        running = House(server, port)
        with running.http:
            yield running


async def test_a_mail_server_that_is_away_changes_no_answer_and_is_tried_again(house):
    house.register("alice")
    house.code("alice")
    house.code("nobody")
    await until(lambda: house.logged(TRIED_AGAIN) == 1)
    with listening(house.mail_port) as server:
        await until(lambda: len(server.mails) == 2)
    assert all(re.search(r"^    \d{8}$", mail, re.MULTILINE) for mail in server.mails)
    assert all("To: alice@example.com" in mail for mail in server.mails)


async def test_it_is_given_up_with_a_line_in_the_log_that_has_no_code_in_it(house):
    house.register("alice")
    await until(lambda: house.logged(GIVEN_UP) == 1)
    assert house.logged(TRIED_AGAIN) == 2
    log = house.server.log.read_text()
    assert not re.search(r"(?<![\w.])\d{8}(?![\w.])", log)
    assert "this is your code" not in log
    with listening(house.mail_port) as server:
        house.code("alice")
        await until(lambda: server.mails)


async def test_a_mail_server_that_hangs_keeps_nobody_waiting(house):
    """It takes connections and says nothing: the mailer waits on one while answers go out."""
    with contextlib.closing(socket.create_server(("127.0.0.1", house.mail_port))) as mute:
        mute.settimeout(DEADLINE)
        house.register("alice")
        with mute.accept()[0]:
            for _ in range(3):
                house.code("alice")
            house.register("bob")
            assert house.logged(TRIED_AGAIN) == house.logged(GIVEN_UP) == 0


async def test_what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_holds_nobody_up(house):
    with listening(house.mail_port, "451 not now", "550 nobody here") as server:
        house.register("alice")
        await until(lambda: len(server.mails) == 0 and house.logged(GIVEN_UP) == 1)
        assert (server.asked["RCPT"], house.logged(TRIED_AGAIN)) == (2, 1)
        house.register("bob")
        await until(lambda: server.mails)
    assert "To: bob@example.com" in server.mails[0]
    assert server.asked["RCPT"] == 3


def test_a_mailers_queue_has_an_end(caplog):
    mailer, go_on, done = Mailer(), threading.Event(), []
    mailer.put(go_on.wait)
    for number in range(1_100):
        mailer.put(lambda number=number: done.append(number))
    assert not mailer.flush(timeout=0.05)
    lost = [record for record in caplog.records if "mail queue is full" in record.message]
    go_on.set()
    assert mailer.flush(DEADLINE)
    assert done == list(range(len(done)))
    assert len(lost) == 1_100 - len(done)
    assert len(done) in (999, 1_000)  # the first may still have been in line
    mailer.put(lambda: done.append(-1))
    assert mailer.flush(DEADLINE)
    assert done[-1] == -1


def test_a_job_that_fails_ends_no_other(caplog):
    mailer, done = Mailer(), []

    def fail() -> None:
        raise ValueError("a bug")

    mailer.put(fail)
    mailer.put(lambda: done.append(1))
    assert mailer.flush(DEADLINE)
    assert done == [1]
    assert [record.message for record in caplog.records if record.name == "accounts.mail"] == [GIVEN_UP]

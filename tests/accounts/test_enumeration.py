"""Nobody learns who has an account: not from what is answered, nor from how long it takes, nor from what it costs."""

import re
import statistics
import time

import httpx
import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import credentials, devices, emails, passwords, users
from accounts.errors import InvalidCode, InvalidCredentials
from accounts.mail import mailer
from tests.accounts import hashers
from tests.client import DEADLINE, PASSWORD
from tests.e2e.mailbox import Mailbox
from tests.servers import Server

WRONG = "wrong donkey 7"
NAMES = ["nobody", "alice", "gone", "claiming", "nobody@example.com", "alice@example.com", "claiming@example.com"]


# A live server, with real hashes


@pytest.fixture(scope="module")
def http(folder, postgres_database, tmp_path_factory):
    """Where alice has a verified address, claiming one that is not, and gone was deactivated."""
    mailbox = Mailbox(tmp_path_factory.mktemp("mail"))
    database = postgres_database()
    with (
        Server(
            folder / "enumeration.log",
            DATABASE_URL=database,
            EMAIL_URL=mailbox.url,
            DJANGO_SETTINGS_MODULE="config.settings.prod",
        ) as server,
        httpx.Client(base_url=f"{server.url}/api/v1/", timeout=DEADLINE) as client,
    ):
        for name in ("alice", "gone", "claiming"):
            email = f"{name}@example.com"
            asked = {"username": name, "password": PASSWORD, "email": email}
            assert client.post("auth/register/", json=asked).status_code == 201
            code = mailbox.code(email, "your code")
            if name != "claiming":
                verified = client.post("auth/email/verify/", json={"username": name, "code": code})
                assert verified.status_code == 204
        with psycopg.connect(database, autocommit=True) as opened:
            opened.execute("UPDATE accounts_user SET is_active = false WHERE username = 'gone'")
        yield client


def answered(http: httpx.Client, path: str, body: dict[str, str]) -> tuple[int, bytes, list[tuple[str, str]]]:
    answer = http.post(path, json=body)
    headers = [(name, value) for name, value in answer.headers.items() if name != "date"]
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize(
    ("path", "others", "status"),
    [
        ("auth/login/", {"password": WRONG}, 401),
        ("auth/password/forgotten/", {}, 202),
        ("auth/password/reset/", {"code": "00000000", "new_password": WRONG}, 400),
        ("auth/email/code/", {}, 202),
        ("auth/email/verify/", {"code": "00000000"}, 400),
    ],
    ids=["login", "forgotten", "reset", "code", "verify"],
)
def test_the_answer_is_the_same_for_everybody(http, path, others, status):
    answers = [answered(http, path, {"username": name} | others) for name in NAMES]
    assert answers[0][0] == status
    assert all(answer == answers[0] for answer in answers)


def test_the_right_password_of_somebody_deactivated_is_a_wrong_one(http):
    wrong, right = (answered(http, "auth/login/", {"username": "gone", "password": word}) for word in (WRONG, PASSWORD))
    assert right == wrong


def test_registering_with_somebodys_address_is_answered_as_with_ones_own(http):
    """All but the id, which is new, and the name, which was asked for."""

    def registered(name: str, email: str) -> tuple[int, str, list[tuple[str, str]]]:
        asked = {"username": name, "password": PASSWORD, "email": email}
        status, body, headers = answered(http, "auth/register/", asked)
        return status, re.sub(rb'"id":"[^"]+"|"username":"[^"]+"', b"", body).decode(), headers

    assert registered("one-x", "new@example.com") == registered("two-x", "alice@example.com")
    assert registered("one-y", "Claiming@example.com") == registered("two-y", "gone@example.com")
    assert registered("one-z", "new@example.com")[0] == 201


def took(http: httpx.Client, path: str, body: dict[str, str]) -> float:
    begun = time.perf_counter()
    http.post(path, json=body)
    return time.perf_counter() - begun


def even(http: httpx.Client, path: str, bodies: list[dict[str, str]], rounds: int) -> list[float]:
    """The medians of interleaved samples, as shares of the first."""
    samples: list[list[float]] = [[] for _ in bodies]
    for _ in range(rounds):
        for taken, body in zip(samples, bodies, strict=True):
            taken.append(took(http, path, body))
    medians = [statistics.median(taken) for taken in samples]
    return [median / medians[0] for median in medians]


def test_a_refused_login_takes_as_long_for_everybody(http):
    """A machine that is busy with other things is given a second and a third chance: a missing hash is not a matter
    of chance, without it a stranger is refused ten times as fast."""
    bodies = [
        {"username": "nobody", "password": WRONG},
        {"username": "alice", "password": WRONG},
        {"username": "gone", "password": PASSWORD},
        {"username": "nobody@example.com", "password": WRONG},
        {"username": "alice@example.com", "password": WRONG},
    ]
    for _ in range(3):
        shares = even(http, "auth/login/", bodies, rounds=11)
        if all(0.8 < share < 1.25 for share in shares):
            return
    raise AssertionError(f"a stranger's answer takes 1, others {shares}")


# In this process: what is done for an answer, counted


def _shape(statement: str) -> str:
    return re.sub(r"'[^']*'(::\w+)?|\b\d+\b|\bs\d+_x\d+\b", "?", statement).replace('"email"', '"username"')


class Cost:
    """What one attempt made this process do: which queries, and how many hashes."""

    def __init__(self, attempt, refusal: type[Exception] | None) -> None:
        hashers.counted.clear()
        with CaptureQueriesContext(connection) as queries:
            if refusal is None:
                attempt()
            else:
                with pytest.raises(refusal):
                    attempt()
        self.queries = [_shape(query["sql"]) for query in queries]
        self.hashes = hashers.counted["hashes"]


@pytest.fixture
def people(settings, transactional_db):
    """As above."""
    settings.PASSWORD_HASHERS = [hashers.NAME]
    credentials._unknown_password.cache_clear()
    for name in ("alice", "gone", "claiming"):
        user = users.register(username=name, password=PASSWORD, email=f"{name}@example.com")
        if name != "claiming":
            user.email, user.pending_email = user.pending_email, ""
            user.save()
    users.deactivate(user_id=users.credentials.find("gone").id)
    for name in ("alice", "gone"):
        passwords.forgotten(name=name, address=None)
    assert mailer.flush(DEADLINE)
    yield
    credentials._unknown_password.cache_clear()


def _login(name: str, password: str = WRONG) -> None:
    devices.login(username=name, password=password, address="127.0.0.1")


def _reset(name: str) -> None:
    passwords.reset(name=name, code="00000000", new_password=WRONG, address=None)


@pytest.mark.parametrize(
    ("attempt", "refusal"),
    [
        (_login, InvalidCredentials),
        (_reset, InvalidCode),
        (lambda name: emails.verify(name=name, code="00000000", address=None), InvalidCode),
        (lambda name: passwords.forgotten(name=name, address=None), None),
        (lambda name: emails.send_again(name=name, address=None), None),
    ],
    ids=["login", "reset", "verify", "forgotten", "code"],
)
def test_as_much_is_done_for_anybody(people, attempt, refusal):
    costs = {name: Cost(lambda name=name: attempt(name), refusal) for name in NAMES}
    stranger = costs["nobody"]
    for name, cost in costs.items():
        assert cost.hashes == stranger.hashes, name
        assert cost.queries == stranger.queries, name
    assert mailer.flush(DEADLINE)


def test_the_right_password_of_somebody_deactivated_costs_as_much_as_a_wrong_one(people):
    right, wrong = (Cost(lambda word=word: _login("gone", word), InvalidCredentials) for word in (PASSWORD, WRONG))
    assert (right.hashes, right.queries) == (wrong.hashes, wrong.queries)
    assert right.hashes == 1


@pytest.mark.parametrize("name", ["nobody", "alice"])
def test_a_process_has_no_dearer_first_stranger(people, name):
    """Their dummy hash is computed at the first attempt, whoever makes it."""
    credentials._unknown_password.cache_clear()
    assert Cost(lambda: _login(name), InvalidCredentials).hashes == 2


def test_registering_costs_the_same_whoever_has_the_address(people):
    def register(name: str, email: str) -> Cost:
        cost = Cost(lambda: users.register(username=name, password=PASSWORD, email=email), None)
        assert mailer.flush(DEADLINE)
        return cost

    own, held = register("dora", "dora@example.com"), register("erin", "alice@example.com")
    assert (own.hashes, own.queries) == (held.hashes, held.queries)

"""`Idempotency-Key`: a request that is sent again creates once, and is answered as the first time."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client

from accounts import devices, users
from accounts.models import IdempotencyKey, User
from chat import rooms
from chat.models import Ban, Event, Membership, Message, Room
from tests.api.test_http import PASSWORD, Api
from tests.api.test_negotiation import DOCUMENT

KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
# Of each operation: its address, a body, another body, and how often it was carried out.
OPERATIONS = {
    "auth_register": (
        "auth/register/",
        {"username": "carol", "password": PASSWORD},
        {"username": "carol", "password": "other horse 9"},
        lambda: User.objects.filter(username="carol").count(),
    ),
    "rooms_create": (
        "rooms/",
        {"name": "trip", "kind": "private"},
        {"name": "trip", "kind": "public"},
        lambda: Room.objects.filter(name="trip").count(),
    ),
    "rooms_direct": (
        "rooms/direct/",
        {"user": "{bob}"},
        {"user": "{eve}"},
        lambda: Room.objects.filter(kind="direct").count(),
    ),
    "rooms_join": (
        "rooms/{public}/join/",
        {},
        {"a": "b"},
        lambda: Membership.objects.filter(room__name="public", user__username="alice").count(),
    ),
    "members_add": (
        "rooms/{room}/members/",
        {"user": "{bob}"},
        {"user": "{eve}"},
        lambda: Membership.objects.filter(room__name="room").count() - 1,
    ),
    "bans_add": (
        "rooms/{room}/bans/",
        {"user": "{bob}", "reason": "spam"},
        {"user": "{bob}"},
        lambda: Ban.objects.count(),
    ),
    "messages_send": (
        "rooms/{room}/messages/",
        {"body": "hello", "data": {"a": 1, "b": [2]}},
        {"body": "hello", "data": {"a": 1, "b": [3]}},
        lambda: Message.objects.count(),
    ),
    "events_send": (
        "rooms/{room}/events/",
        {"name": "poll", "data": {"a": 1}},
        {"name": "poll", "data": {"a": 2}},
        lambda: Event.objects.filter(type="custom.poll").count(),
    ),
}


def signed_in(name):
    users.register(username=name, password=PASSWORD)
    return Api(devices.login(username=name, password=PASSWORD).access_token)


def ids_of_a_world(alice):
    bob, eve = (str(users.register(username=name, password=PASSWORD).id) for name in ("bob", "eve"))
    owner = User.objects.get(username="bob").id
    public = str(rooms.create(creator_id=owner, name="public", kind="public").id)
    room = alice.send("POST", "rooms/", {"name": "room", "kind": "private"}).json()["id"]
    return {"bob": bob, "eve": eve, "room": room, "public": public}


@pytest.fixture
def world(db):
    alice = signed_in("alice")
    return SimpleNamespace(alice=alice, ids=ids_of_a_world(alice))


def ask(client, path, body, key=KEY):
    return client.send("POST", path, body, headers={"Idempotency-Key": key} if key is not None else {})


def filled(body, ids):
    return {field: value.format(**ids) if isinstance(value, str) else value for field, value in body.items()}


@pytest.fixture(params=OPERATIONS)
def operation(request, world):
    path, body, other, count = OPERATIONS[request.param]
    return SimpleNamespace(
        path=path.format(**world.ids), body=filled(body, world.ids), other=filled(other, world.ids), count=count
    )


def test_every_operation_that_offers_it_is_tried():
    offering = {
        operation["operationId"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
    }
    assert offering == set(OPERATIONS)


def test_a_repetition_creates_once_and_is_answered_alike(world, operation):
    first = ask(world.alice, operation.path, operation.body)
    assert first.status_code in (200, 201)
    for path in (operation.path, operation.path[:-1], operation.path):
        again = ask(world.alice, path, dict(reversed(operation.body.items())))
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again["Content-Type"] == "application/json"
    assert operation.count() == 1


def test_the_key_of_another_request_is_refused(world, operation):
    ask(world.alice, operation.path, operation.body)
    answer = ask(world.alice, operation.path, operation.other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert operation.count() == 1


def test_a_key_is_of_one_operation_and_one_address(world):
    room = ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}).json()["id"]
    for each in (room, world.ids["room"]):
        assert ask(world.alice, f"rooms/{each}/messages/", {"body": "hello"}).json()["room"] == each
        assert ask(world.alice, f"rooms/{each}/events/", {"name": "poll"}).json()["room"] == each
        assert ask(world.alice, f"rooms/{each.upper()}/events", {"name": "poll"}).json()["seq"] == 2


@pytest.mark.parametrize("key", [KEY, "bare-8e03978e", '"with spaces"', '"' + "x" * 255 + '"', "x" * 255, ' "a" ', "a"])
def test_keys_that_are_taken(world, key):
    made = {ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}, key).json()["id"] for _ in range(2)}
    assert len(made) == 1


def test_quotes_are_no_part_of_a_key(world):
    made = {ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}, key).json()["id"] for key in ('"k"', "k")}
    assert len(made) == 1


@pytest.mark.parametrize(
    "key", ["", " ", '""', '"', '"a', 'a"', "a b", "a,b", '"a", "b"', '"a";q=1', "é", "x" * 256, '"' + "x" * 256 + '"']
)
def test_keys_that_are_none(world, key):
    answer = ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}, key)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "#/Idempotency-Key")
    assert not Room.objects.filter(name="trip").exists()


def test_without_a_key_each_request_counts(world):
    made = {ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}, None).json()["id"] for _ in range(2)}
    assert len(made) == 2


def test_other_keys_and_other_users_are_apart(world):
    body = {"name": "trip", "kind": "private"}
    carol = signed_in("carol")
    made = [ask(client, "rooms/", body, key).json()["id"] for client in (world.alice, carol) for key in ("a", "b")]
    assert len(set(made)) == 4


def test_what_was_refused_may_be_sent_again_mended(world):
    assert ask(world.alice, "rooms/", {"name": "", "kind": "private"}).status_code == 400
    assert ask(world.alice, "rooms/", b"{").status_code == 400
    assert ask(world.alice, f"rooms/{world.ids['public']}/events/", {"name": "poll"}).status_code == 403
    assert not IdempotencyKey.objects.exists()
    assert ask(world.alice, "rooms/", {"name": "trip", "kind": "private"}).status_code == 201


def test_a_key_without_a_token_is_no_way_in(world):
    ask(world.alice, "rooms/", {"name": "trip", "kind": "private"})
    assert ask(Api(), "rooms/", {"name": "trip", "kind": "private"}).status_code == 401


def test_nobody_reads_the_answer_to_another_registration(db):
    mine = {"username": "carol", "password": PASSWORD}
    assert ask(Api(), "auth/register/", mine).status_code == 201
    for guess in (
        {**mine, "password": "guess 12345"},
        {"username": "carol"},
        {"username": "dan", "password": PASSWORD},
    ):
        answer = ask(Api(), "auth/register/", guess)
        assert (answer.status_code, answer.json()["code"]) in ((422, "idempotency_key_reused"), (400, "invalid"))
        assert str(User.objects.get(username="carol").id) not in answer.content.decode()


def rows_as_text():
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM accounts_idempotencykey AS t")
        return "\n".join(row for (row,) in cursor.fetchall())


def assert_not_at_rest(*words):
    rows = rows_as_text()
    assert rows
    for word in words:
        assert word not in rows
        assert word.encode().hex() not in rows


def test_nothing_secret_is_stored(db):
    ask(Api(), "auth/register/", {"username": "carol", "password": PASSWORD, "email": "carol@example.com"})
    assert_not_at_rest(PASSWORD, KEY.strip('"'), "carol")


def test_what_is_deleted_later_is_not_to_be_read_here(world):
    ask(world.alice, f"rooms/{world.ids['room']}/messages/", {"body": "a word to regret"})
    assert_not_at_rest("regret", "alice")


@pytest.mark.parametrize("path", ["auth/login/", "auth/tickets/"])
def test_answers_with_secrets_are_never_stored(world, path):
    answers = [ask(world.alice, path, {"username": "alice", "password": PASSWORD}).json() for _ in range(2)]
    assert answers[0] != answers[1]
    assert not IdempotencyKey.objects.exists()


def test_a_client_ref_and_a_key_agree(world):
    path, body = f"rooms/{world.ids['room']}/messages/", {"body": "hello", "client_ref": "1"}
    first = ask(world.alice, path, body)
    assert ask(world.alice, path, body).content == first.content
    other = ask(world.alice, path, body, "another")
    assert (other.status_code, other.json()) == (200, first.json())
    assert Message.objects.count() == 1


def test_pages_may_send_it():
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    asked |= {"Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    answer = Client().options("/api/v1/rooms/", headers=asked)
    assert "idempotency-key" in answer["Access-Control-Allow-Headers"]

"""What becomes of idempotency keys: kept for a day, deleted with their user, left by nothing that failed."""

import asyncio
import secrets
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from accounts import idempotency, users
from accounts.models import IdempotencyKey
from chat import rooms
from chat.models import Room
from tests.api.test_http import PASSWORD
from tests.api.test_idempotency import ask, signed_in, world  # noqa: F401 - a fixture


def test_they_are_kept_for_a_day(world):  # noqa: F811
    day_ago = timezone.now() - idempotency.KEPT
    for key, used_at in (("old", day_ago - timedelta(seconds=1)), ("new", day_ago + timedelta(minutes=1))):
        ask(world.alice, "rooms/", {"name": key, "kind": "private"}, key)
        IdempotencyKey.objects.order_by("used_at").filter(used_at__gt=day_ago + timedelta(hours=1)).update(
            used_at=used_at
        )
    assert [idempotency.purge(), idempotency.purge()] == [1, 0]
    for key, rooms_of_it in (("old", 2), ("new", 1)):
        ask(world.alice, "rooms/", {"name": key, "kind": "private"}, key)
        assert Room.objects.filter(name=key).count() == rooms_of_it


def test_use_makes_them_live_longer(world):  # noqa: F811
    ask(world.alice, "rooms/", {"name": "trip", "kind": "private"})
    IdempotencyKey.objects.update(used_at=timezone.now() - 2 * idempotency.KEPT)
    ask(world.alice, "rooms/", {"name": "trip", "kind": "private"})
    assert idempotency.purge() == 0


@pytest.mark.django_db(transaction=True)
def test_erasing_a_user_deletes_their_keys():
    alice, carol = signed_in("alice"), signed_in("carol")
    for client in (alice, carol):
        ask(client, "rooms/", {"name": "trip", "kind": "private"})
    assert alice.send("POST", "users/me/erase/", {"password": PASSWORD}).status_code == 204
    assert [key.user.username for key in IdempotencyKey.objects.all()] == ["carol"]


@pytest.mark.django_db(transaction=True)
def test_what_fails_in_the_middle_leaves_neither_the_key_nor_the_thing():
    owner = users.register(username="alice", password=PASSWORD).id

    def act(dying):
        room = rooms.create(creator_id=owner, name="trip", kind="private")
        if dying:
            connection.connection.close()  # the server is gone before its commit
        return idempotency.Answer(201, str(room.id))

    def once(*, dying):
        return idempotency.once(user_id=owner, operation="POST rooms/", key="k", request="", act=lambda: act(dying))

    with pytest.raises(Exception, match="closed"):
        once(dying=True)
    connection.close()
    assert not IdempotencyKey.objects.exists()
    assert not Room.objects.exists()
    assert once(dying=False) == once(dying=True)
    assert Room.objects.count() == 1


async def test_repetitions_at_once_at_any_worker_create_once(site, gather):
    alice = await site.person("alice")
    room = await alice.room()
    username = f"new-{secrets.token_hex(6)}"
    for path, body in (
        ("rooms/", {"name": "trip", "kind": "private"}),
        (f"rooms/{room}/messages/", {"body": "hello"}),
        (f"rooms/{room}/events/", {"name": "poll"}),
        ("auth/register/", {"username": username, "password": PASSWORD}),
    ):
        headers = {"Idempotency-Key": secrets.token_hex(16)}

        async def send(worker, path=path, body=body, headers=headers):
            ask = partial(alice.request, "POST", path, worker=worker, json=body, headers=headers)
            # Another one may hold the key for longer than a request waits.
            while (answer := await ask()).status_code == 503:  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(answer.json()["retry_after"])
            return answer.status_code, answer.text

        answers = await gather(*(send(worker) for worker in range(8)))
        assert {status for status, _ in answers} == {201}
        assert len(set(answers)) == 1
    assert len((await alice.call("GET", f"rooms/{room}/messages/"))["results"]) == 1

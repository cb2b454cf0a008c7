"""Many writers at once: one order, no holes, each `client_ref` once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from chat import messages, rooms
from chat.eventlog import log
from chat.models import Message

WRITERS, EACH = 16, 20


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_no_hole():
    author = User.objects.create(username="alice").id
    room = rooms.create(creator_id=author, name="hot", kind="private").id
    together = threading.Barrier(WRITERS)

    def write(writer: int) -> None:
        together.wait()
        try:
            for number in range(EACH):
                # Every second one is sent by two writers at once.
                ref = f"{number}-{writer // 2 if number % 2 else writer}"
                messages.send(author_id=author, room_id=room, body="x", client_ref=ref)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    expected = WRITERS * EACH // 2 + WRITERS * EACH // 4
    entries = log.read(room_id=room, after=0, limit=10_000)
    assert [entry.seq for entry in entries] == list(range(1, expected + 1))
    assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, expected + 1))

"""Storing drafts, what came of it, and who waits for whom."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, transaction

from chat.eventlog import log
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft, Sent
from core.errors import RoomwireError

DEADLINE = 40.0
NOWHERE = uuid.UUID(int=0)
committed = pytest.mark.django_db(transaction=True)


def store(*these: Draft) -> list[Sent | RoomwireError]:
    with transaction.atomic():
        return drafts.store(these)


def seqs(outcomes) -> list[int | None]:
    return [outcome.message.seq if isinstance(outcome, Sent) else None for outcome in outcomes]


def told(room_id: uuid.UUID) -> list[dict]:
    return [json.loads(entry.payload) for entry in log.read(room_id=room_id, after=0, limit=1_000)]


def blocks(other: psycopg.Connection, backend: int | None = None) -> bool:
    """Somebody waits for this connection's transaction, or for another backend's."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid)))"
    return bool(other.execute(waiting, [backend or other.info.backend_pid]).fetchone()[0])


def hold(other: psycopg.Connection, room_id: uuid.UUID) -> None:
    other.execute("SELECT FROM chat_room WHERE id = %s FOR UPDATE", [room_id])


def in_threads(*work) -> list:
    def guarded(one):
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(guarded, work, timeout=DEADLINE))

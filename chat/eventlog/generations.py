"""Generations of the log: how the server recognises a client whose position refers to events that the database has
lost.

A restored backup, or a promoted standby without the last commits, loses events, and other events then get the same
`seq`. The database alone cannot show that. So a new generation begins whenever events may have been lost, and the
`epoch` given to clients names the generation as well as the room. An `epoch` of an earlier generation stays valid up to
the last event that the database had when that generation ended (docs/adr/0019-generations.md).
"""

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import BigIntegerField, Func, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce, Now

from chat import bulk_sql
from chat.models import Generation, Room

logger = logging.getLogger(__name__)

# The token of the first generation, with which an epoch is the room's own.
FIRST = UUID(int=0)
# The version and variant bits of a UUID. A combination keeps those of the room's own epoch.
_FIXED_BITS = (0xF << 76) | (0x3 << 62)
# A server process that has recorded itself within this time may be alive.
LEASE = timedelta(seconds=5)
_REMEMBERED_ROOMS = 10_000

TOKEN_SQL = f"COALESCE((SELECT token FROM chat_generation ORDER BY id DESC LIMIT 1), '{FIRST}'::uuid)"  # noqa: S608
COUNTER_SQL = "(SELECT COALESCE(pg_sequence_last_value('chat_event_id_seq'), 0))"
_TIMELINE_SQL = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int"


class Counter(Func):
    """The greatest id that an event was ever given: it decreases only if the database was restored."""

    output_field = BigIntegerField()

    def as_postgresql(self, *_: Any) -> tuple[str, list[Any]]:
        return COUNTER_SQL, []

    def as_sqlite(self, *_: Any, **__: Any) -> tuple[str, tuple[str | int, ...]]:
        return "COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'chat_event'), 0)", ()


def current() -> Coalesce:
    """Return the current generation's token as a column, so that a query and its generation are of one moment."""
    newest = Generation.objects.order_by("-id").values("token")[:1]
    return Coalesce(Subquery(newest), Value(FIRST, UUIDField()))


def dated(rows: QuerySet[Room]) -> QuerySet[Room]:
    """Add the current `generation` to each room of a query."""
    columns: dict[str, Any] = {"generation": current()}
    return rows.annotate(**columns)


def counted(rows: QuerySet[Room]) -> QuerySet[Room]:
    """Add the current `generation` and the `counter` of events to each room, for a Witness."""
    columns: dict[str, Any] = {"counter": Counter()}
    return dated(rows).annotate(**columns)


def epoch(own: UUID, token: UUID) -> UUID:
    """Return the epoch given to clients: the room's own combined with a generation's token. It is its own inverse."""
    return UUID(int=own.int ^ token.int)


def epoch_of(room: Room) -> UUID:
    """Return the epoch of a room that was read with its generation."""
    return epoch(room.epoch, _token() if room.generation is None else room.generation)


def _token() -> UUID:
    """Return the token that this process saw last, for a room read without its generation."""
    if _seen.token is None:
        _seen.learn(Generation.objects.order_by("-id").values_list("token", flat=True).first() or FIRST, 0)
    return _seen.token or FIRST


# State of this process


class _Seen:
    """What this process saw last: the token, the counter of events, and the heads of rooms written here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.token: UUID | None = None
        self.counter = 0
        self._heads: OrderedDict[UUID, int] = OrderedDict()  # in order of the last write

    def learn(self, token: UUID, counter: int) -> None:
        with self._lock:
            if token != self.token:
                self.token, self.counter = token, counter
                self._heads.clear()
            self.counter = max(self.counter, counter)

    def heads(self, room_ids: Iterable[UUID]) -> dict[UUID, int]:
        return {room_id: seq for room_id in room_ids if (seq := self._heads.get(room_id))}

    def note(self, token: UUID, heads: Mapping[UUID, int]) -> None:
        with self._lock:
            if token == self.token:
                self._heads.update(heads)
                for room_id in heads:
                    self._heads.move_to_end(room_id)
                while len(self._heads) > _REMEMBERED_ROOMS:
                    self._heads.popitem(last=False)


_seen = _Seen()


class Witness(NamedTuple):
    """What this process had seen before a query: the current generation, the counter of events, and heads of rooms."""

    token: UUID | None
    counter: int
    heads: dict[UUID, int]

    def check(self, token: UUID, counter: int, heads: Mapping[UUID, int]) -> UUID:
        """Compare the query's result with what was seen. Return the token that the rooms have from now on: a new one if
        events were lost."""
        if token == self.token and (reason := self._loss(counter, heads)):
            return begin(reason, token)
        _seen.learn(token, counter)
        return token

    def _loss(self, counter: int, heads: Mapping[UUID, int]) -> str | None:
        if counter < self.counter:
            return f"the counter of events went back from {self.counter} to {counter}"
        for room_id, seq in heads.items():
            if seq < self.heads.get(room_id, 0):
                return f"room {room_id} went back from {self.heads[room_id]} to {seq}"
        return None


def witness(room_ids: Iterable[UUID] = ()) -> Witness:
    """Return a witness. Call it before the query whose result is checked."""
    return Witness(_seen.token, _seen.counter, _seen.heads(room_ids))


def wrote(rooms: Iterable[Room]) -> None:
    """Remember the heads of rooms that this transaction has written to, once it has committed."""
    stand: dict[UUID, dict[UUID, int]] = {}
    for room in rooms:
        if room.generation is not None:
            stand.setdefault(room.generation, {})[room.id] = room.last_seq
    for token, heads in stand.items():
        transaction.on_commit(lambda token=token, heads=heads: _seen.note(token, heads), robust=True)  # type: ignore[misc]


# Beginning


def begin(reason: str, seen: UUID | None = None, *, level: int = logging.WARNING, forget: bool = False) -> UUID:
    """Begin a new generation, unless another process has since `seen`, and return the current token. `forget`
    invalidates all earlier epochs."""
    with transaction.atomic():
        last = Generation.objects.select_for_update().order_by("-id").first()
        last = last or Generation.objects.create(token=FIRST, reason="the first")
        if seen is not None and last.token != seen:
            return last.token
        counter = _counter()
        ended = Generation.objects.all() if forget else Generation.objects.filter(id=last.id)
        ended.update(last_event=0 if forget else counter)
        token = UUID(int=uuid.uuid4().int & ~_FIXED_BITS)

        def began() -> None:
            logger.log(level, "a new generation of the log begins: %s", reason)
            _seen.learn(token, counter)

        Generation.objects.create(token=token, timeline=_timeline(), alive_at=Now(), reason=reason[:200])
        transaction.on_commit(began, robust=True)
    return token


def _counter() -> int:
    sql, _ = Counter().as_postgresql() if bulk_sql.by_hand() else Counter().as_sqlite()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}")
        return int(cursor.fetchone()[0])


def _timeline() -> int | None:
    """Return PostgreSQL's timeline, which changes when a standby is promoted or a backup recovered; None if unknown."""
    if not bulk_sql.by_hand():
        return None
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TIMELINE_SQL)
            return int(cursor.fetchone()[0])
    except DatabaseError:  # a service that hides its write-ahead log
        return None


# Server processes


class Sign(NamedTuple):
    """A sign that another server process may be alive. It is, if the sign has changed at the next look."""

    token: UUID
    alive_at: datetime


def join(before: Sign | None) -> Sign | None:
    """Join the current generation if another server process is alive, else begin a new one: a backup may have been
    restored while none was running. While that is undecided, return the sign to pass to the next call."""
    if not bulk_sql.by_hand():  # one server process per file
        begin("the server starts", level=logging.INFO)
        return None
    found = Generation.objects.annotate(counter=Counter(), now=Now()).order_by("-id").first()
    if found is None or found.alive_at is None or found.now - found.alive_at > LEASE:
        begin("a server starts, and no other is alive", found.token if found else None, level=logging.INFO)
        return None
    sign = Sign(found.token, found.alive_at)
    if before is None or sign == before:
        return sign
    _seen.learn(found.token, found.counter)
    return None


def beat() -> None:
    """Record that this process is alive, and check whether the database is still the same."""
    if not bulk_sql.by_hand():
        return
    before = witness()
    found = Generation.objects.annotate(counter=Counter()).order_by("-id").first()
    if found is None:
        return
    timeline = _timeline()
    if found.timeline is not None and timeline is not None and found.timeline != timeline:
        begin(f"PostgreSQL goes on with timeline {timeline}, not {found.timeline}", found.token)
    elif found.token == before.token and found.counter < before.counter:
        begin(f"the counter of events went back from {before.counter} to {found.counter}", found.token)
    else:
        _seen.learn(found.token, found.counter)
    Generation.objects.filter(id=found.id).update(alive_at=Now())


def ended(tokens: Collection[UUID]) -> dict[UUID, int]:
    """Return, for those of the generations that have ended, the greatest id of an event at that time."""
    rows = Generation.objects.filter(token__in=tokens).values_list("token", "last_event")
    return {token: last_event for token, last_event in rows if last_event is not None}

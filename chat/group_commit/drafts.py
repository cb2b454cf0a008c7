"""Drafts: messages that are about to be stored, of many rooms and authors, in one transaction with few queries.

Each draft is refused or stored on its own; they share the lock, the look-ups and the commit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from chat import bulk_sql, mentions, permissions, validation, wire
from chat.eventlog import log
from chat.models import Mention, Message, Room
from chat.permissions import Author
from core.errors import Invalid, NotFound, RoomwireError, Violation
from core.ids import uuid7


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be stored. Call `check` before it is stored."""

    author_id: UUID
    room_id: UUID
    body: str
    client_ref: str | None = None
    reply_to: UUID | None = None
    data: Any = None

    def check(self) -> None:
        """Check the fields. Raises Invalid."""
        validation.text("body", self.body, maximum=settings.MESSAGE_BODY_MAX)
        validation.data("data", self.data, maximum=settings.MESSAGE_DATA_MAX_BYTES)
        if self.client_ref is not None:
            validation.text("client_ref", self.client_ref, maximum=settings.CLIENT_REF_MAX)

    @property
    def reference(self) -> tuple[UUID, UUID, str] | None:
        """Return what identifies repetitions of the same message."""
        return None if self.client_ref is None else (self.room_id, self.author_id, self.client_ref)


@dataclass(frozen=True, slots=True)
class Sent:
    """The stored message. `created` is False if this `client_ref` was used before: it is then the earlier message."""

    message: wire.Message
    created: bool


def store(drafts: Sequence[Draft]) -> list[Sent | RoomwireError]:
    """Store the drafts in the surrounding transaction. Return an outcome for each, in order."""
    rooms = log.lock_all({draft.room_id for draft in drafts})
    authors = permissions.list_authors((draft.room_id, draft.author_id) for draft in drafts)
    named = mentions.named([(draft.room_id, draft.body) for draft in drafts])
    batch = _Batch(rooms, authors, _banned(drafts, rooms, authors), _sent_before(drafts), _answered(drafts), named)
    outcomes = [batch.outcome(draft) for draft in drafts]
    said, mentioned = [_row(each, batch.now) for each in batch.said], mentions.rows(batch.said)
    batch.facts.save(bulk_sql.Change(Message, said, new=True), bulk_sql.Change(Mention, mentioned, new=True))
    return outcomes


class _Batch:
    """What the drafts of a batch are checked against, and the rows and events they add."""

    def __init__(
        self,
        rooms: dict[UUID, Room],
        authors: dict[tuple[UUID, UUID], Author],
        banned: set[tuple[UUID, UUID]],
        sent: dict[tuple[UUID, UUID, str], wire.Message],
        answered: set[tuple[UUID, UUID]],
        named: mentions.Named,
    ) -> None:
        self.rooms, self.authors, self.banned = rooms, authors, banned
        self.sent, self.answered, self.named = sent, answered, named
        self.now = timezone.now()
        self.said: list[wire.Message] = []
        self.facts = log.Facts()

    def outcome(self, draft: Draft) -> Sent | RoomwireError:
        reference = draft.reference
        try:
            room = self.rooms.get(draft.room_id)
            if room is None:
                raise NotFound
            known = self.authors.get((room.id, draft.author_id))
            author = permissions.require_member(room, draft.author_id, known, self.banned)
            if reference is not None and reference in self.sent:
                return Sent(self.sent[reference], created=False)
            permissions.require_not_archived(room)
            permissions.require_not_muted(author)
            said = self._add(room, author.user, draft)
        except RoomwireError as refusal:
            return refusal
        if reference is not None:
            self.sent[reference] = said
        return Sent(said, created=True)

    def _add(self, room: Room, author: wire.User, draft: Draft) -> wire.Message:
        if draft.reply_to is not None and (room.id, draft.reply_to) not in self.answered:
            raise Invalid(Violation("reply_to", "unknown", "This message does not exist in this room."))
        said = wire.Message(
            id=uuid7(),
            room=room.id,
            seq=room.last_seq + 1,
            author=author,
            body=draft.body,
            data=draft.data,
            client_ref=draft.client_ref,
            reply_to=draft.reply_to,
            mentions=self.named.of(room.id, draft.body),
            reactions=[],
            created_at=wire.moment(self.now),
            edited_at=None,
            deleted_at=None,
        )
        self.said.append(said)
        self.facts.add(room=room, type="message.created", data=said, at=self.now, message_id=said.id)
        return said


def _row(said: wire.Message, at: datetime) -> bulk_sql.Row:
    return {
        "id": said.id,
        "room_id": said.room,
        "author_id": said.author.id,
        "seq": said.seq,
        "body": said.body,
        "data": said.data,
        "client_ref": said.client_ref,
        "reply_to_id": said.reply_to,
        "mentions": [str(user_id) for user_id in said.mentions] or None,
        "created_at": at,
    }


def _banned(
    drafts: Iterable[Draft], rooms: dict[UUID, Room], authors: dict[tuple[UUID, UUID], Author]
) -> set[tuple[UUID, UUID]]:
    """Return the authors who are no members of the public rooms they write in, and are banned there."""
    public = {room.id for room in rooms.values() if room.kind == Room.Kind.PUBLIC}
    wanted = {(draft.room_id, draft.author_id) for draft in drafts if draft.room_id in public}
    return permissions.banned_pairs(wanted - authors.keys())


def _sent_before(drafts: Iterable[Draft]) -> dict[tuple[UUID, UUID, str], wire.Message]:
    """Return the stored messages that drafts repeat."""
    wanted: dict[tuple[UUID, UUID], list[str]] = {}
    for draft in drafts:
        if draft.client_ref is not None:
            wanted.setdefault((draft.room_id, draft.author_id), []).append(draft.client_ref)
    if not wanted:
        return {}
    any_of = Q()
    for (room_id, author_id), references in wanted.items():
        any_of |= Q(room_id=room_id, author_id=author_id, client_ref__in=references)
    rows = Message.objects.filter(any_of).select_related("author")
    return {(row.room_id, row.author_id, row.client_ref or ""): wire.message(row) for row in rows}


def _answered(drafts: Iterable[Draft]) -> set[tuple[UUID, UUID]]:
    """Return the existing messages among those that drafts reply to, each with its room."""
    ids = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    return set(Message.objects.filter(id__in=ids).values_list("room_id", "id")) if ids else set()

"""Browser sessions: Django's, for its admin and for sockets that a page of this site opens. A row's key is a digest
of the cookie: who reads the database can't be who is in it.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import db
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import revocation
from accounts.models import Session
from accounts.tokens import Identity

# What Django draws keys from: any other cookie needs no database to be nobody's.
_KEY = re.compile(r"[a-z0-9]{32}", re.ASCII)


class SessionStore(db.SessionStore):
    """settings.SESSION_ENGINE: Django's own, which knows whose each session is and tells when one ends."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = super().create_model_instance(data)
        assert isinstance(row, Session)
        row.user_id = data.get(SESSION_KEY)
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        row = await super().acreate_model_instance(data)
        assert isinstance(row, Session)
        row.user_id = data.get(SESSION_KEY)
        return row

    def delete(self, session_key: str | None = None) -> None:
        rows = Session.objects.filter(session_key=session_key or self.session_key)
        with transaction.atomic():
            _end(list(rows))


def identities(keys: Collection[str]) -> dict[str, Identity]:
    """Who is signed in with each of these cookies, by one query; those that are nobody's are missing."""
    possible = {key for key in keys if _KEY.fullmatch(key)}
    rows = Session.objects.select_related("user").in_bulk(list(possible)) if possible else {}
    found = {key: rows.get(Session.digest(key)) for key in possible}
    return {key: identity for key, row in found.items() if row is not None and (identity := _identity(row))}


def _identity(row: Session) -> Identity | None:
    user = row.user
    if user is None or not user.is_active or row.expire_date <= timezone.now():
        return None
    known = SessionStore().decode(row.session_data).get(HASH_SESSION_KEY, "")
    if not constant_time_compare(known, user.get_session_auth_hash()):  # the password was changed behind our back
        return None
    return Identity(user.id, user.username, row.device_id, row.expire_date, row.session_key)


def end_all(*, user_id: UUID) -> None:
    """Of one user; call it in a transaction."""
    _end(list(Session.objects.filter(user_id=user_id)))


def dead(rows: Collection[str]) -> set[str]:
    """Those of these rows by which nobody is signed in any more. One query."""
    found = Session.objects.select_related("user").filter(session_key__in=rows)
    return set(rows) - {row.session_key for row in found if _identity(row)}


def _end(rows: Sequence[Session]) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    revocation.announce([row.device_id for row in rows if row.user_id])

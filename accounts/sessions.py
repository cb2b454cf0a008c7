"""Browser sessions: Django's, for its admin and for sockets that pages of the server's own site open.

A row's key is a digest of the cookie, so that read access to the database does not allow taking over a session.
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

# The form of Django's session keys: any other cookie is ignored without a query.
_KEY = re.compile(r"[a-z0-9]{32}", re.ASCII)


class SessionStore(db.SessionStore):
    """The store of settings.SESSION_ENGINE: Django's, which also records each session's user and announces its end."""

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
    """Return the identities of cookies, by one query. A cookie without a valid session is missing in the result."""
    possible = {key for key in keys if _KEY.fullmatch(key)}
    rows = Session.objects.select_related("user").in_bulk(list(possible)) if possible else {}
    found = {key: rows.get(Session.digest(key)) for key in possible}
    return {key: identity for key, row in found.items() if row is not None and (identity := _identity(row))}


def _identity(row: Session) -> Identity | None:
    user = row.user
    if user is None or not user.is_active or row.expire_date <= timezone.now():
        return None
    known = SessionStore().decode(row.session_data).get(HASH_SESSION_KEY, "")
    if not constant_time_compare(known, user.get_session_auth_hash()):  # changed without `revoke_all`
        return None
    return Identity(user.id, user.username, row.device_id, row.expire_date, row.session_key)


def end_all(*, user_id: UUID) -> None:
    """End all sessions of a user. Call it in a transaction."""
    _end(list(Session.objects.filter(user_id=user_id)))


def dead(rows: Collection[str]) -> set[str]:
    """Return those of the rows that no longer sign a user in. Makes one query."""
    found = Session.objects.select_related("user").filter(session_key__in=rows)
    return set(rows) - {row.session_key for row in found if _identity(row)}


def _end(rows: Sequence[Session]) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    revocation.announce([row.device_id for row in rows if row.user_id])

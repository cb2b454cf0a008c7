"""Idempotency keys: a request that is sent again with its key is carried out once, and answered as the first time
(draft-ietf-httpapi-idempotency-key-header).

The key and what the request changes are committed together: a server that dies in between leaves neither. A request
that is refused changes nothing, so its key is free again.

Stored answers are sealed with the key, which is not stored itself: here too nobody can read what is deleted or erased
later.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import secret
from accounts.errors import IdempotencyKeyReused
from accounts.models import IdempotencyKey

KEPT = timedelta(hours=24)
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a body of JSON."""

    status: int
    body: str


def once(*, user_id: UUID | None, operation: str, key: str, request: str, act: Callable[[], Answer]) -> Answer:
    """Return what `act` returns, or what it returned when this user's key was first used for this operation. `request`
    is what a repetition has in common with the first. Raises IdempotencyKeyReused, or what `act` raises."""
    digest = hashlib.sha256(f"{user_id}\0{operation}\0{key}".encode()).hexdigest()
    # A request may hold a password: without the key, which is not stored, nobody can try passwords against this.
    request_digest = secret.digest_request(key, request)
    with transaction.atomic():
        used = IdempotencyKey(digest=digest, user_id=user_id, request_digest=request_digest, used_at=timezone.now())
        # Waits for another request with this key to end, and locks the row until this one does.
        IdempotencyKey.objects.bulk_create(
            [used], update_conflicts=True, unique_fields=["digest"], update_fields=["used_at"]
        )
        found = IdempotencyKey.objects.get(digest=digest)
        if found.request_digest != request_digest:
            raise IdempotencyKeyReused
        if found.status is not None:
            return Answer(found.status, secret.unseal(bytes(found.body), key))
        answer = act()
        found.status, found.body = answer.status, secret.seal(answer.body, key)
        found.save(update_fields=["status", "body"])
        return answer


def purge() -> int:
    """Delete the keys that were last used more than 24 hours ago; return how many. Two processes may do so at once."""
    expired = IdempotencyKey.objects.filter(used_at__lt=timezone.now() - KEPT)
    deleted = 0
    while some := _purge_some(expired):
        deleted += some
    return deleted


@transaction.atomic
def _purge_some(expired: QuerySet[IdempotencyKey]) -> int:
    keys = list(expired.select_for_update(skip_locked=True).values_list("digest", flat=True)[:_AT_ONCE])
    IdempotencyKey.objects.filter(digest__in=keys).delete()
    return len(keys)

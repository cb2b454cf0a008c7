"""Idempotency keys: a request that is repeated with its key is carried out once, and gets the stored answer
(draft-ietf-httpapi-idempotency-key-header).

The key and the changes that the request makes are committed together: if the server dies in between, neither is stored.
A refused request changes nothing, and its key may be used again.

Stored answers are encrypted with the key, which is not stored: data that is deleted or erased later can't be read from
them.
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
    """An HTTP status and a JSON body."""

    status: int
    body: str


def once(*, user_id: UUID | None, operation: str, key: str, request: str, act: Callable[[], Answer]) -> Answer:
    """Return the result of `act`, or the stored one if this user has used the key for this operation before. `request`
    is what a repetition must have in common with the first request. Raises IdempotencyKeyReused, or what `act` raises.
    """
    digest = hashlib.sha256(f"{user_id}\0{operation}\0{key}".encode()).hexdigest()
    # A request may contain a password, which can't be guessed from this digest without the key; that is not stored.
    request_digest = secret.digest_request(key, request)
    with transaction.atomic():
        used = IdempotencyKey(digest=digest, user_id=user_id, request_digest=request_digest, used_at=timezone.now())
        # Waits for another request with this key to end, and locks the row until this one ends.
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
    """Delete the keys that were last used more than 24 hours ago; return their number. Processes may run this
    concurrently."""
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

"""What django-allauth stores about a device between requests, as a Django session: the secret of an authenticator app
that is being set up, and when the user last proved their identity.

It signs no client in. Its key is derived from the device and SECRET_KEY and is never sent; only requests with the
device's access token use it. Its data is encrypted.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError
from django.utils.crypto import salted_hmac

from accounts.factors import encryption
from accounts.models import User
from accounts.sessions import SessionStore
from core.errors import Internal


class Notes(SessionStore):
    def __init__(self, device_id: UUID) -> None:
        super().__init__(_key(device_id))
        self.device_id = device_id

    def create(self) -> None:
        """Create the session under its fixed key, also if a concurrent request has created it."""
        self._session_key = _key(self.device_id)
        try:
            self.save(must_create=True)
        except CreateError:
            self.save()
        self.modified = True

    def encode(self, session_dict: dict[str, Any]) -> str:
        return encryption.seal(super().encode(session_dict))

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        try:
            return super().decode(encryption.unseal(str(session_data)))
        except Internal:
            return {}


def of(device_id: UUID, user: User) -> Notes:
    """Return the notes of a device that was authenticated by its access token. They are empty if there are none, or if
    they are older than a new password."""
    notes = Notes(device_id)
    signed_in = {
        SESSION_KEY: str(user.id),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    if any(notes.get(name) != value for name, value in signed_in.items()):
        notes.clear()
        notes.update(signed_in)
    return notes


def _key(device_id: UUID) -> str:
    return salted_hmac("accounts.factors.notes", device_id.hex, algorithm="sha256").hexdigest()[:40]

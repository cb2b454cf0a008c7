"""What django-allauth keeps of a device from one request to the next, as a session of Django's: the secret of an app
that is being set up, when its owner last proved who they are.

Nobody signs in with it. The key follows from the device and SECRET_KEY and is told to nobody; only who brings the
device's access token gets to it. What is in it is sealed.
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
        """With this one key, whoever of two requests at once comes first."""
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
    """Those of a device whose access token was brought; empty ones if there are none, or from before a new password."""
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

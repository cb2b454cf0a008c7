"""`python -m bench.peers.roomwire.provision`: rooms, members and access tokens in bulk, as the layout on stdin says.

Not by the front door: five thousand logins by Argon2 would take minutes.
"""

import json
import secrets
import sys
from datetime import timedelta
from uuid import UUID

import django

from bench.site import Layout, Site

_VALID = timedelta(hours=6)
_BATCH = 2000


def main() -> None:
    layout = Layout(**json.load(sys.stdin))
    django.setup()
    site = _provision(layout)
    json.dump({"rooms": site.rooms, "tokens": site.tokens}, sys.stdout)


def _provision(layout: Layout) -> Site:
    from accounts.models import User
    from chat.models import Membership, Room

    run = secrets.token_hex(4)
    users = [User(username=f"bench-{run}-{n}", password="!") for n in range(layout.people)]  # noqa: S106 - no password
    User.objects.bulk_create(users, _BATCH)
    rooms = [
        Room(kind=Room.Kind.PRIVATE, name=f"bench {n}", created_by=users[n % len(users)]) for n in range(layout.rooms)
    ]
    Room.objects.bulk_create(rooms, _BATCH)
    if layout.everywhere:
        memberships = [Membership(room=room, user=user) for room in rooms for user in users]
    else:
        memberships = [Membership(room=rooms[n % len(rooms)], user=user) for n, user in enumerate(users)]
    Membership.objects.bulk_create(memberships, _BATCH)
    return Site([str(room.id) for room in rooms], _log_in([user.pk for user in users]))


def _log_in(users: list[UUID]) -> list[str]:
    """An access token each, on a device each."""
    from django.utils import timezone

    from accounts import secret
    from accounts.models import Device

    now = timezone.now()
    tokens = [secret.mint(secret.ACCESS) for _ in users]
    devices = []
    for user, token in zip(users, tokens, strict=True):
        refresh = secret.mint_refresh()
        device = Device(user_id=user, access_digest=secret.digest(token), access_expires_at=now + _VALID)
        device.refresh_family_digest = secret.digest(secret.family_of(refresh))
        device.refresh_digest = secret.digest(refresh)
        device.refresh_expires_at = now + _VALID
        device.last_used_at = now
        devices.append(device)
    Device.objects.bulk_create(devices, _BATCH)
    return tokens


if __name__ == "__main__":
    main()

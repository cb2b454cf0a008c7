"""The bodies of requests: structs that check types and bounds. All other rules are in the domain.

A field with a default may be left out; null means the same.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from rest_framework.request import Request

from chat import fields
from chat.wire_types import ById, CustomEvents, Role
from core import decoding
from core.errors import Invalid, Violation


def read(form: type[msgspec.Struct], request: Request) -> dict[str, Any]:
    """Return the fields that the body of a request sets. Raises Invalid."""
    body = decoding.decode(form, request.data)
    found = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    unstorable = [name for name, value in found.items() if isinstance(value, str) and "\0" in value]
    if unstorable:
        raise Invalid(*(Violation(name, "invalid", "Must not contain the NUL character.") for name in unstorable))
    return found


# Excludes white space and some ASCII characters. The rest of the rule (letters and digits of any script) is not in the
# pattern, because regular expressions of different languages express it differently.
USERNAME_PATTERN = r"^[^\s\x00-\x2a,/:-@\[-^`{-\x7f]+$"
_PASSWORD_MIN = max(getattr(each, "min_length", 1) for each in get_default_password_validators())

Username = Annotated[
    str,
    fields.text(64, pattern=USERNAME_PATTERN),
    msgspec.Meta(
        description="Letters and digits of any script, and `.`, `+`, `-`, `_`. Unique regardless of case.",
        examples=["alice"],
    ),
]
Name = Annotated[
    str,
    fields.text(254),
    msgspec.Meta(description="The user name, or the verified e-mail address.", examples=["alice"]),
]
Password = Annotated[str, fields.text(128), msgspec.Meta(examples=["correct horse 9"])]
NewPassword = Annotated[
    str,
    fields.text(128, minimum=0, minLength=_PASSWORD_MIN),
    msgspec.Meta(
        description="Not a common one, not digits only, and not similar to the user name.", examples=["correct horse 9"]
    ),
]
# Without the format `email`: the empty string would not match it, and many languages have no type for a union of two
# string schemas.
Email = Annotated[
    str,
    fields.text(254, minimum=0),
    msgspec.Meta(description="An e-mail address; empty for none.", examples=["alice@example.com"]),
]
Code = Annotated[
    str, fields.text(32), msgspec.Meta(description="The code that was sent by e-mail.", examples=["12345678"])
]
User = Annotated[UUID, msgspec.Meta(description="The id of a user.")]


class Registration(msgspec.Struct, frozen=True):
    username: Username
    password: NewPassword
    email: Email | None = None


class Login(msgspec.Struct, frozen=True):
    username: Name
    password: Password
    device: (
        Annotated[str, fields.text(100, minimum=0), msgspec.Meta(description="The owner's name of this device.")] | None
    ) = None
    platform: (
        Annotated[str, fields.text(32, minimum=0), msgspec.Meta(description="`ios`, `android`, `web`, or another.")]
        | None
    ) = None


class Forgotten(msgspec.Struct, frozen=True):
    username: Name


class Verification(msgspec.Struct, frozen=True):
    username: Name
    code: Code


class Reset(msgspec.Struct, frozen=True):
    username: Name
    code: Code
    new_password: NewPassword


class PasswordChange(msgspec.Struct, frozen=True):
    password: Password
    new_password: NewPassword


class Confirmation(msgspec.Struct, frozen=True):
    password: Password


class Profile(msgspec.Struct, frozen=True):
    password: Password
    email: Email


class Refresh(msgspec.Struct, frozen=True):
    refresh_token: Annotated[str, fields.text(200)]


class NewRoom(msgspec.Struct, frozen=True):
    name: fields.RoomName
    kind: Literal["public", "private"]
    topic: fields.Topic | None = None


class RoomChange(msgspec.Struct, frozen=True):
    """A field that is left out, or null, keeps its value."""

    name: fields.RoomName | None = None
    topic: fields.Topic | None = None
    custom_events: CustomEvents | None = None


class Somebody(msgspec.Struct, frozen=True):
    user: User


class NewBan(msgspec.Struct, frozen=True):
    user: User
    reason: fields.Reason | None = None


class RoleChange(msgspec.Struct, frozen=True):
    role: Role


class Mute(msgspec.Struct, frozen=True):
    until: Annotated[
        datetime,
        msgspec.Meta(
            tz=True,
            description="A time in the future, with its offset from UTC.",
            examples=["2040-01-01T00:00:00.000000Z"],
        ),
    ]


class NewMessage(msgspec.Struct, frozen=True):
    body: fields.Body
    client_ref: fields.ClientRef | None = None
    reply_to: fields.ReplyTo | None = None
    data: fields.Data | None = None


class MessageChange(msgspec.Struct, frozen=True):
    """`data` that is left out, or null, is kept; an empty object clears it."""

    body: fields.Body
    data: fields.Data | None = None


class NewCustomEvent(msgspec.Struct, frozen=True):
    name: fields.CustomName
    data: fields.CustomData = None


class Position(msgspec.Struct, frozen=True):
    seq: fields.Seq


class RoomPosition(msgspec.Struct, frozen=True):
    """The last `seq` that the client has of a room, and the epoch it belongs to."""

    seq: fields.Seq
    epoch: UUID | None = None


class Positions(msgspec.Struct, frozen=True):
    """Positions by the ids of their rooms."""

    since: Annotated[ById[RoomPosition], msgspec.Meta(max_length=settings.SYNC_ROOMS_MAX)]


class Typing(msgspec.Struct, frozen=True):
    typing: bool

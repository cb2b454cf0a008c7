"""What requests must look like. These check shapes; the rules behind them are the domain's."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request


def read(form: type[serializers.Serializer[None]], request: Request) -> dict[str, Any]:
    """What the body of a request says, if it has this form. Raises ValidationError."""
    filled = form(data=request.data)
    filled.is_valid(raise_exception=True)
    said: dict[str, Any] = filled.validated_data
    return said


class Text(serializers.CharField):
    """A string as it came: DRF's own would take a number for one, and trim."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Registration(serializers.Serializer[None]):
    username = Text(max_length=64)
    password = Text(max_length=128)
    email = serializers.EmailField(required=False, allow_blank=True)


class _Named(serializers.Serializer[None]):
    username = Text(max_length=254, help_text="The user name, or the verified e-mail address.")


class Login(_Named):
    password = Text(max_length=128)
    device = Text(
        max_length=100, required=False, default="", allow_blank=True, help_text="What its owner calls this device."
    )
    platform = Text(
        max_length=32, required=False, default="", allow_blank=True, help_text="`ios`, `android`, `web`, or yours."
    )


class Forgotten(_Named):
    pass


class Verification(_Named):
    code = Text(max_length=32)


class Reset(Verification):
    new_password = Text(max_length=128)


class PasswordChange(serializers.Serializer[None]):
    password = Text(max_length=128)
    new_password = Text(max_length=128)


class Confirmation(serializers.Serializer[None]):
    password = Text(max_length=128)


class Profile(Confirmation):
    email = serializers.EmailField(allow_blank=True, help_text="It is sent a code; empty to have none.")


class Refresh(serializers.Serializer[None]):
    refresh_token = Text(max_length=200)


_ROLES = ["owner", "moderator", "member"]


class _Described(serializers.Serializer[None]):
    topic = Text(max_length=settings.ROOM_TOPIC_MAX, required=False, allow_blank=True)


class NewRoom(_Described):
    name = Text(max_length=settings.ROOM_NAME_MAX)
    kind = serializers.ChoiceField(choices=["public", "private"])


class RoomChange(_Described):
    name = Text(max_length=settings.ROOM_NAME_MAX, required=False)
    custom_events = serializers.ChoiceField(
        choices=_ROLES, required=False, help_text="The least role that may send events of the app's own."
    )


class Somebody(serializers.Serializer[None]):
    user = serializers.UUIDField()


class NewBan(Somebody):
    reason = Text(max_length=settings.REASON_MAX, required=False, default="", allow_blank=True)


class RoleChange(serializers.Serializer[None]):
    role = serializers.ChoiceField(choices=_ROLES)


class Mute(serializers.Serializer[None]):
    until = serializers.DateTimeField()


class NewMessage(serializers.Serializer[None]):
    body = Text(max_length=settings.MESSAGE_BODY_MAX)
    client_ref = Text(
        max_length=settings.CLIENT_REF_MAX,
        required=False,
        allow_null=True,
        default=None,
        help_text="Yours, unique per room: sending it again answers with the stored message and creates nothing.",
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True, default=None)
    data = serializers.JSONField(  # type: ignore[assignment]  # a field may have the name of an attribute
        required=False, allow_null=True, default=None, help_text="Anything of your app's."
    )


class MessageChange(serializers.Serializer[None]):
    body = Text(max_length=settings.MESSAGE_BODY_MAX)
    data = serializers.JSONField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Without it, it stays as it is."
    )


class NewCustomEvent(serializers.Serializer[None]):
    name = Text(max_length=settings.CUSTOM_NAME_MAX, help_text="The event is `custom.<name>`.")
    data = serializers.JSONField(required=False, allow_null=True, default=None)  # type: ignore[assignment]


class Position(serializers.Serializer[None]):
    seq = serializers.IntegerField(min_value=0)


class RoomPosition(Position):
    epoch = serializers.UUIDField(required=False, allow_null=True, default=None)


class Positions(serializers.Serializer[None]):
    """Of rooms, by their ids."""

    since = serializers.DictField(child=RoomPosition())


class Typing(serializers.Serializer[None]):
    typing = serializers.BooleanField()

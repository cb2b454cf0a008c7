"""What requests must look like. These check shapes; the rules behind them are the domain's."""

from django.conf import settings
from rest_framework import serializers


class Registration(serializers.Serializer[None]):
    username = serializers.CharField(max_length=64)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    email = serializers.EmailField(required=False, default="", allow_blank=True)


class Login(serializers.Serializer[None]):
    username = serializers.CharField(max_length=64)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    device = serializers.CharField(
        max_length=100, required=False, default="", allow_blank=True, help_text="What its owner calls this device."
    )


class Refresh(serializers.Serializer[None]):
    refresh_token = serializers.CharField(max_length=200)


class NewRoom(serializers.Serializer[None]):
    name = serializers.CharField(max_length=settings.ROOM_NAME_MAX)
    kind = serializers.ChoiceField(choices=["public", "private"])


class NewMember(serializers.Serializer[None]):
    user = serializers.UUIDField()


class NewMessage(serializers.Serializer[None]):
    body = serializers.CharField(max_length=settings.MESSAGE_BODY_MAX, trim_whitespace=False)
    client_ref = serializers.CharField(
        max_length=settings.CLIENT_REF_MAX,
        required=False,
        allow_null=True,
        default=None,
        trim_whitespace=False,
        help_text="Yours, unique per room: sending it again answers with the stored message and creates nothing.",
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True, default=None)
    data = serializers.JSONField(required=False, allow_null=True, default=None, help_text="Anything of your app's.")


class Position(serializers.Serializer[None]):
    seq = serializers.IntegerField(min_value=0)

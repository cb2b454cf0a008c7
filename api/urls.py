"""The URL patterns under /api/v1/."""

from uuid import UUID

from django.urls import path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from api.views import auth, ephemeral, events, members, messages, passwords, rooms, sync, users
from core import ids


class IdConverter:
    """A converter for UUIDs in upper or lower case. Django's own accepts only lower case."""

    regex = ids.PATTERN
    to_python = staticmethod(UUID)
    to_url = staticmethod(str)


register_converter(IdConverter, "id")

urlpatterns = [
    path("auth/register/", auth.Register.as_view()),
    path("auth/login/", auth.Login.as_view()),
    path("auth/refresh/", auth.Refresh.as_view()),
    path("auth/logout/", auth.Logout.as_view()),
    path("auth/logout-all/", auth.LogoutAll.as_view()),
    path("auth/devices/", auth.Devices.as_view()),
    path("auth/devices/<id:device_id>/", auth.Device.as_view()),
    path("auth/password/", passwords.Password.as_view()),
    path("auth/password/forgotten/", passwords.Forgotten.as_view()),
    path("auth/password/reset/", passwords.Reset.as_view()),
    path("auth/email/code/", passwords.EmailCode.as_view()),
    path("auth/email/verify/", passwords.EmailVerify.as_view()),
    path("auth/tickets/", auth.Tickets.as_view()),
    path("users/me/", users.CurrentUser.as_view()),
    path("users/me/export/", users.Export.as_view()),
    path("users/me/erase/", users.Erase.as_view()),
    path("users/me/mentions/", users.Mentions.as_view()),
    path("sync/", sync.Sync.as_view()),
    path("rooms/", rooms.Rooms.as_view()),
    path("rooms/public/", rooms.Public.as_view()),
    path("rooms/direct/", rooms.Direct.as_view()),
    path("rooms/<id:room_id>/", rooms.Room.as_view()),
    path("rooms/<id:room_id>/archive/", rooms.Archive.as_view()),
    path("rooms/<id:room_id>/join/", rooms.Join.as_view()),
    path("rooms/<id:room_id>/leave/", rooms.Leave.as_view()),
    path("rooms/<id:room_id>/transfer/", members.Transfer.as_view()),
    path("rooms/<id:room_id>/read/", ephemeral.Read.as_view()),
    path("rooms/<id:room_id>/typing/", ephemeral.Typing.as_view()),
    path("rooms/<id:room_id>/presence/", ephemeral.Presence.as_view()),
    path("rooms/<id:room_id>/members/", members.Members.as_view()),
    path("rooms/<id:room_id>/members/<id:user_id>/", members.Member.as_view()),
    path("rooms/<id:room_id>/members/<id:user_id>/mute/", members.Mute.as_view()),
    path("rooms/<id:room_id>/bans/", members.Bans.as_view()),
    path("rooms/<id:room_id>/bans/<id:user_id>/", members.Ban.as_view()),
    path("rooms/<id:room_id>/messages/", messages.Messages.as_view()),
    path("rooms/<id:room_id>/messages/<id:message_id>/", messages.Message.as_view()),
    path("rooms/<id:room_id>/messages/<id:message_id>/revisions/", messages.Revisions.as_view()),
    path("rooms/<id:room_id>/messages/<id:message_id>/replies/", messages.Replies.as_view()),
    path("rooms/<id:room_id>/messages/<id:message_id>/reactions/", messages.Reactions.as_view()),
    path("rooms/<id:room_id>/messages/<id:message_id>/reactions/<path:emoji>/", messages.Reaction.as_view()),
    path("rooms/<id:room_id>/events/", events.Events.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
]

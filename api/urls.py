"""Everything under /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from api.views import auth, events, members, messages, passwords, rooms, users

urlpatterns = [
    path("auth/register/", auth.Register.as_view()),
    path("auth/login/", auth.Login.as_view()),
    path("auth/refresh/", auth.Refresh.as_view()),
    path("auth/logout/", auth.Logout.as_view()),
    path("auth/logout-all/", auth.LogoutAll.as_view()),
    path("auth/devices/", auth.Devices.as_view()),
    path("auth/devices/<uuid:device_id>/", auth.Device.as_view()),
    path("auth/password/", passwords.Password.as_view()),
    path("auth/password/forgotten/", passwords.Forgotten.as_view()),
    path("auth/password/reset/", passwords.Reset.as_view()),
    path("auth/email/code/", passwords.EmailCode.as_view()),
    path("auth/email/verify/", passwords.EmailVerify.as_view()),
    path("auth/tickets/", auth.Tickets.as_view()),
    path("users/me/", users.CurrentUser.as_view()),
    path("users/me/export/", users.Export.as_view()),
    path("users/me/erase/", users.Erase.as_view()),
    path("rooms/", rooms.Rooms.as_view()),
    path("rooms/<uuid:room_id>/", rooms.Room.as_view()),
    path("rooms/<uuid:room_id>/join/", rooms.Join.as_view()),
    path("rooms/<uuid:room_id>/leave/", rooms.Leave.as_view()),
    path("rooms/<uuid:room_id>/read/", rooms.Read.as_view()),
    path("rooms/<uuid:room_id>/members/", members.Members.as_view()),
    path("rooms/<uuid:room_id>/members/<uuid:user_id>/", members.Member.as_view()),
    path("rooms/<uuid:room_id>/messages/", messages.Messages.as_view()),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/", messages.Message.as_view()),
    path("rooms/<uuid:room_id>/events/", events.Events.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
]

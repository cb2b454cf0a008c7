"""Rooms, members, bans and messages in Django's admin: to look at, and to keep order in.

Nothing is typed in there. What staff does are actions, which go through the domain (chat/moderation.py), so that rooms
hear of them. There may be millions of any of these: no page counts them, or goes through them, to their end.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from chat import moderation
from chat.models import Ban, Membership, Message, Revision, Room
from chat.summaries import Count
from chat.watching import LISTED, OF_ONE, Kept, Some


class _State(admin.SimpleListFilter):
    title = parameter_name = "state"
    _states = {
        "used": Q(archived_at=None, deleted_at=None),
        "archived": Q(archived_at__isnull=False, deleted_at=None),
        "deleted": Q(deleted_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in self._states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self._states.get(self.value() or "", Q()))


class _Members(Some):
    model = Membership
    fields = readonly_fields = ("user", "role", "muted_until", "joined_at")
    verbose_name_plural = f"the first {OF_ONE} members"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """Who keeps order first."""
        return super().get_queryset(request).select_related("user").order_by("-role", "id")


@admin.register(Room)
class Rooms(Kept):
    list_display = ("__str__", "kind", "members", "last_seq", "active_at", "archived_at", "deleted_at")
    list_filter = ("kind", _State)
    search_fields = ("name", "topic")
    searched_ids = ("id", "created_by")
    fields = (
        "id",
        "kind",
        ("name", "topic"),
        "custom_events",
        ("created_by", "created_at"),
        ("last_seq", "active_at", "epoch"),
        ("archived_at", "deleted_at"),
        "more",
    )
    readonly_fields = ("more",)
    inlines = (_Members,)
    actions = ("archive", "unarchive", "bury")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        some = Membership.objects.filter(room=OuterRef("pk")).values("pk")[: LISTED + 1]
        found: QuerySet[Room] = super().get_queryset(request).annotate(counted=Count(some))
        return found

    @admin.display
    def members(self, room: Any) -> str:
        return f"{LISTED}+" if room.counted > LISTED else str(room.counted)

    @admin.display(description="All its")
    def more(self, room: Room) -> SafeString:
        return format_html(
            '<a href="{}">members</a>, <a href="{}">messages</a>, <a href="{}">bans</a>',
            *(_list_of(model, room) for model in (Membership, Message, Ban)),
        )

    def has_archive_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_room")

    def has_bury_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "delete_room")

    @admin.action(description="Archive", permissions=["archive"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Archived.", lambda row: moderation.archive(room_id=row.pk, archived=True))

    @admin.action(description="Use again what is archived", permissions=["archive"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Unarchived.", lambda row: moderation.archive(room_id=row.pk, archived=False))

    @admin.action(description="Delete for everybody, for ever", permissions=["bury"])
    def bury(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Deleted.", lambda row: moderation.delete(room_id=row.pk))


def _list_of(model: type[Model], room: Room) -> str:
    name = f"admin:chat_{model._meta.model_name}_changelist"
    return f"{reverse(name)}?{urlencode({'room__id__exact': room.pk})}"


class _Standings(Kept):
    """What somebody is in a room, or may not be there."""

    def note(self, request: HttpRequest, row: Any, said: str) -> None:
        """In the room's history, where it is looked for; and by an id, which says nothing once they are erased."""
        self.log_change(request, row.room, f"{said} {row.user_id}.")


class _Muted(admin.SimpleListFilter):
    title = parameter_name = "muted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(muted_until__gt=timezone.now()) if self.value() else queryset


@admin.register(Membership)
class Memberships(_Standings):
    list_display = ("user", "room", "role", "muted_until", "last_read_seq", "joined_at")
    list_filter = ("role", _Muted)
    list_select_related = ("user", "room")
    search_fields = ("user__username", "room__name")
    searched_ids = ("user", "room")
    actions = ("remove", "ban", "unmute")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "delete_membership")

    def has_ban_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "delete_membership") and self.may(request, "add_ban")

    def has_unmute_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change_membership")

    @admin.action(description="Remove from the room", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.act(request, queryset, "Removed", lambda row: moderation.remove(**_who(row)))

    @admin.action(description="Ban from the room", permissions=["ban"])
    def ban(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        staff: Any = request.user.pk
        self.act(request, queryset, "Banned", lambda row: moderation.ban(**_who(row), banned_by=staff))

    @admin.action(description="End the mute", permissions=["unmute"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.act(request, queryset, "Ended the mute of", lambda row: moderation.unmute(**_who(row)))


@admin.register(Ban)
class Bans(_Standings):
    list_display = ("user", "room", "reason", "banned_by", "created_at")
    list_select_related = ("user", "room", "banned_by")
    search_fields = ("user__username", "room__name", "reason")
    searched_ids = ("user", "room", "banned_by")
    actions = ("lift",)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "delete_ban")

    @admin.action(description="Lift", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Ban]) -> None:
        self.act(request, queryset, "Lifted the ban of", lambda row: moderation.unban(**_who(row)))


def _who(row: Membership | Ban) -> dict[str, UUID]:
    return {"room_id": row.room_id, "user_id": row.user_id}


class _Revisions(Some):
    model = Revision
    fields = readonly_fields = ("body", "data", "replaced_at")
    ordering = ("-id",)
    verbose_name_plural = f"the last {OF_ONE} edits: what it said before"


@admin.register(Message)
class Messages(Kept):
    list_display = ("short", "author", "room", "seq", "created_at", "edited_at", "deleted_at")
    list_select_related = ("author", "room")
    search_fields = ("body", "author__username")
    searched_ids = ("id", "room", "author")
    exclude = ("mentions",)
    inlines = (_Revisions,)
    actions = ("bury",)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """One room's as there is an index for."""
        return ("-seq",) if "room__id__exact" in request.GET else ("-pk",)

    @admin.display(description="body")
    def short(self, message: Message) -> str:
        return Truncator(message.body).chars(80) or "(nothing)"

    def has_bury_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "delete_message")

    @admin.action(description="Delete what they said", permissions=["bury"])
    def bury(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.act(
            request,
            queryset,
            "Deleted what it said.",
            lambda row: moderation.delete_message(room_id=row.room_id, message_id=row.pk),
        )

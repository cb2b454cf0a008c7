"""Rooms, memberships, bans and messages in Django's admin, and the erasure of users.

All pages are read-only. Administrators change data by actions, each with its own permission, which call the domain
(chat/moderation.py), so that clients receive the events.
"""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from accounts import admin as accounts_admin
from accounts.admin_pages import (
    MAX_INLINE,
    MAX_LISTED,
    ReadOnlyInline,
    ReadOnlyModelAdmin,
    confirmed,
    link,
    links_to_related,
)
from accounts.models import User
from chat import moderation
from chat.models import Ban, Membership, Message, Revision, Room
from chat.privacy import erasure
from chat.summaries import Count

_MUTE = timedelta(days=1)


class Users(accounts_admin.Users):
    """Users as in accounts/admin.py, with erasure, which includes their messages."""

    actions = (*accounts_admin.Users.actions, "erase")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_user")

    @admin.action(description="Erase", permissions=["erase"])
    @confirmed(
        "These users, and all that they wrote, are erased for ever: their messages become tombstones, and their name,"
        " addresses and devices are deleted. This cannot be undone."
    )
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self.changeable(request, queryset):
            erasure.erase_unasked(user_id=user.id)
            # The history must not keep the user name, which is in `user`.
            user.refresh_from_db()
            self.log_change(request, user, "Erased.")


admin.site.unregister(User)
admin.site.register(User, Users)


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"
    _states = {
        "active": Q(archived_at=None, deleted_at=None),
        "archived": Q(archived_at__isnull=False, deleted_at=None),
        "deleted": Q(deleted_at__isnull=False),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in self._states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self._states.get(self.value() or "", Q()))


class MembersInline(ReadOnlyInline):
    model = Membership
    fields = readonly_fields = ("user", "role", "muted_until", "joined_at")
    verbose_name_plural = f"Members (the first {MAX_INLINE}; owners and moderators come first)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user").order_by("-role", "id")


@admin.register(Room)
class Rooms(ReadOnlyModelAdmin):
    list_display = ("__str__", "kind", "members", "last_seq", "active_at", "archived_at", "deleted_at")
    list_filter = ("kind", StateFilter)
    search_fields = ("name", "topic")
    searched_ids = ("id", "created_by")
    fieldsets = (
        (None, {"fields": ("name", "topic", "kind", "custom_events", "id")}),
        ("Dates", {"fields": ("created_at", "active_at", "archived_at", "deleted_at")}),
        ("Event log", {"fields": ("last_seq", "epoch")}),
        ("Related", {"fields": ("created_by", "related")}),
    )
    readonly_fields = ("related",)
    inlines = (MembersInline,)
    actions = ("archive", "unarchive", "delete_rooms")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        some = Membership.objects.filter(room=OuterRef("pk")).values("pk")[: MAX_LISTED + 1]
        found: QuerySet[Room] = super().get_queryset(request).annotate(counted=Count(some))
        return found

    @admin.display
    def members(self, room: Any) -> str:
        return f"{MAX_LISTED}+" if room.counted > MAX_LISTED else str(room.counted)

    @admin.display(description="Lists")
    def related(self, room: Room) -> SafeString:
        return links_to_related(room)

    def has_archive_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "change_room")

    def has_delete_rooms_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_room")

    @admin.action(description="Archive", permissions=["archive"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Archived.", lambda row: moderation.archive(room_id=row.pk, archived=True))

    @admin.action(description="Unarchive", permissions=["archive"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Unarchived.", lambda row: moderation.archive(room_id=row.pk, archived=False))

    @admin.action(description="Delete", permissions=["delete_rooms"])
    @confirmed("These rooms are deleted for all their members, with all messages. This cannot be undone.")
    def delete_rooms(self, request: HttpRequest, queryset: QuerySet[Room]) -> None:
        self.act(request, queryset, "Deleted.", lambda row: moderation.delete(room_id=row.pk))


class _OfUserInRoom(ReadOnlyModelAdmin):
    """Base of the pages of memberships and bans."""

    list_select_related: ClassVar[tuple[str, ...]] = ("user", "room")
    searched_ids: ClassVar[tuple[str, ...]] = ("user", "room")

    @admin.display(description="user")
    def user_link(self, row: Any) -> SafeString | str:
        return link(row.user)

    @admin.display(description="room")
    def room_link(self, row: Any) -> SafeString | str:
        return link(row.room)

    def note(self, request: HttpRequest, row: Any, text: str) -> None:
        """Write into the history of the room, as the row may be gone. It names the user by id, which says nothing after
        an erasure."""
        self.log_change(request, row.room, f"{text} user {row.user_id}.")


class MutedFilter(admin.SimpleListFilter):
    title = parameter_name = "muted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", "Now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(muted_until__gt=timezone.now()) if self.value() else queryset


@admin.register(Membership)
class Memberships(_OfUserInRoom):
    list_display = ("role", "user_link", "room_link", "muted_until", "joined_at")
    list_filter = ("role", MutedFilter)
    search_fields = ("user__username", "room__name")
    fieldsets = (
        (None, {"fields": ("user", "room", "role", "muted_until", "last_read_seq")}),
        ("Dates", {"fields": ("joined_at",)}),
    )
    actions = ("mute", "unmute", "remove", "ban")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_membership")

    def has_ban_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_membership") and self.permitted(request, "add_ban")

    def has_mute_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "change_membership")

    @admin.action(description="Mute for a day", permissions=["mute"])
    def mute(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        until = timezone.now() + _MUTE
        self.act(request, queryset, "Muted", lambda row: moderation.mute(**_who(row), until=until))

    @admin.action(description="Unmute", permissions=["mute"])
    def unmute(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.act(request, queryset, "Unmuted", lambda row: moderation.unmute(**_who(row)))

    @admin.action(description="Remove from the room", permissions=["remove"])
    @confirmed("These members are removed from their rooms. Nobody but the room's own moderators can add them again.")
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.act(request, queryset, "Removed", lambda row: moderation.remove(**_who(row)))

    @admin.action(description="Ban from the room", permissions=["ban"])
    @confirmed("These members are removed from their rooms, and can't join or read them until the ban is lifted.")
    def ban(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        staff: Any = request.user.pk
        self.act(request, queryset, "Banned", lambda row: moderation.ban(**_who(row), banned_by=staff))


@admin.register(Ban)
class Bans(_OfUserInRoom):
    list_display = ("created_at", "user_link", "room_link", "reason", "banned_by_link")
    list_select_related = ("user", "room", "banned_by")
    search_fields = ("user__username", "room__name", "reason")
    searched_ids = ("user", "room", "banned_by")
    actions = ("lift",)

    @admin.display(description="banned by")
    def banned_by_link(self, row: Ban) -> SafeString | str:
        return link(row.banned_by)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_ban")

    @admin.action(description="Lift the ban", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Ban]) -> None:
        self.act(request, queryset, "Lifted the ban of", lambda row: moderation.unban(**_who(row)))


def _who(row: Membership | Ban) -> dict[str, UUID]:
    return {"room_id": row.room_id, "user_id": row.user_id}


class RevisionsInline(ReadOnlyInline):
    model = Revision
    fields = readonly_fields = ("body", "data", "replaced_at")
    ordering = ("-id",)
    verbose_name_plural = f"Earlier versions (the last {MAX_INLINE})"


@admin.register(Message)
class Messages(ReadOnlyModelAdmin):
    list_display = ("short", "author_link", "room_link", "created_at", "state")
    list_select_related = ("author", "room")
    search_fields = ("body", "author__username")
    searched_ids = ("id", "room", "author")
    fieldsets = (
        (None, {"fields": ("body", "data", "reactions", "id")}),
        ("Dates", {"fields": ("created_at", "edited_at", "deleted_at")}),
        ("Related", {"fields": ("author", "room", "seq", "reply_to", "client_ref", "related")}),
    )
    readonly_fields = ("related",)
    inlines = (RevisionsInline,)
    actions = ("delete_messages",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Return the messages with the rows that the page names."""
        return super().get_queryset(request).select_related("author", "room", "reply_to__author", "reply_to__room")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Order the messages of one room by `seq`, for which there is an index."""
        return ("-seq",) if "room__id__exact" in request.GET else ("-pk",)

    @admin.display(description="body")
    def short(self, message: Message) -> str:
        return Truncator(message.body).chars(80) or "(empty)"

    @admin.display
    def state(self, message: Message) -> str:
        return "deleted" if message.deleted_at else "edited" if message.edited_at else "-"

    @admin.display(description="author")
    def author_link(self, message: Message) -> SafeString | str:
        return link(message.author)

    @admin.display(description="room")
    def room_link(self, message: Message) -> SafeString | str:
        return link(message.room)

    @admin.display(description="Lists")
    def related(self, message: Message) -> SafeString:
        return links_to_related(message)

    def note(self, request: HttpRequest, row: Message, text: str) -> None:
        self.note_without_names(request, row, text)

    def has_delete_messages_permission(self, request: HttpRequest) -> bool:
        return self.permitted(request, "delete_message")

    @admin.action(description="Delete", permissions=["delete_messages"])
    @confirmed(
        "What these messages say is deleted, earlier versions and reactions included; tombstones are left. This cannot"
        " be undone."
    )
    def delete_messages(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.act(
            request,
            queryset,
            "Deleted.",
            lambda row: moderation.delete_message(room_id=row.room_id, message_id=row.pk),
        )

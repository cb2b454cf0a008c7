"""Users and devices in Django's admin.

No password hash and no token digest is shown. Every action that ends a user's right to be signed in also closes the
user's sockets. chat/admin.py adds the actions on a user's messages.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm as OwnPasswordChangeForm
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.contrib.auth.models import Group
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.safestring import SafeString

from accounts import devices, users
from accounts.admin_pages import BoundedList, ReadOnlyInline, ReadOnlyModelAdmin, confirmed, link, links_to_related
from accounts.errors import UsernameTaken
from accounts.models import Device, User
from core.errors import RoomwireError

# Only superusers change these fields: other staff could grant the rights to themselves.
_RIGHTS = ("is_staff", "is_superuser", "user_permissions")


class _PasswordWidget(ReadOnlyPasswordHashWidget):
    """A button to set a new password. Django's own widget shows the beginning of the salt and of the hash."""

    template_name = "accounts/password.html"


class _UniqueFields:
    """A form that reports a taken user name or e-mail address at its field, not as a violated constraint of the whole
    form."""

    cleaned_data: dict[str, Any]
    instance: User

    def clean_username(self) -> str:
        return self._unique("username", UsernameTaken.detail)

    def clean_email(self) -> str:
        return self._unique("email", "Another user has this e-mail address.")

    def _unique(self, field: str, detail: str) -> str:
        value = str(self.cleaned_data.get(field) or "")
        others = User.objects.exclude(pk=self.instance.pk).alias(wanted=Lower(field))
        if value and others.filter(wanted=Lower(Value(value))).exists():
            raise ValidationError(detail)
        return value


class AddForm(_UniqueFields, AdminUserCreationForm):  # type: ignore[type-arg]
    pass


class ChangeForm(_UniqueFields, UserChangeForm):  # type: ignore[type-arg]
    password = ReadOnlyPasswordHashField(widget=_PasswordWidget)


class _RevokingForm:
    """A form that sets a password, and revokes the user's devices and browser sessions."""

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)  # type: ignore[misc]
        devices.revoke_all(user_id=user.id)
        return user


class PasswordForm(_RevokingForm, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """The form that sets the password of another user."""


class OwnPasswordForm(_RevokingForm, OwnPasswordChangeForm):
    """The form in which users of the admin change their own password. The old one is checked as at a login, with its
    rate limits."""

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        try:
            users.confirm_password(user_id=self.user.pk, password=password, address=None)
        except RoomwireError as error:
            raise forms.ValidationError(error.detail) from error
        return password


def own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Show Django's page with `OwnPasswordForm`. Before Django 6.1 an admin site has no attribute for the form."""
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse_lazy("admin:password_change_done"),
        extra_context=admin.site.each_context(request) | (extra_context or {}),
    )
    return view(request)  # type: ignore[return-value]


class DevicesInline(ReadOnlyInline):
    model = Device
    fields = readonly_fields = ("platform", "address", "created_at", "last_used_at", "revoked_at")
    ordering = ("-last_used_at",)
    show_change_link = True


class Users(BoundedList, UserAdmin):  # type: ignore[type-arg]
    form = ChangeForm
    add_form = AddForm
    change_password_form = PasswordForm
    list_display = ("username", "email", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "created_at")
    search_fields = ("username", "email", "pending_email")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "pending_email", "id")}),
        ("Permissions", {"fields": ("is_active", *_RIGHTS)}),
        ("Dates", {"fields": ("created_at", "last_login", "erased_at")}),
        ("Related", {"fields": ("related",)}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("id", "created_at", "last_login", "erased_at", "related")
    filter_horizontal = ("user_permissions",)
    inlines = (DevicesInline,)
    actions: tuple[str, ...] = ("sign_out", "deactivate")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if _rules(request) else (*self.readonly_fields, *_RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse changes to staff by staff who are not superusers: with a password that they set, they could sign in as
        that user. Refuse all changes to an erased user."""
        may = super().has_change_permission(request, obj)
        if obj is None:
            return may
        return may and not (obj.erasing_at or obj.erased_at) and (_rules(request) or not obj.is_staff)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: messages refer to their author, so a user is deactivated or erased (chat/admin.py), never
        deleted."""
        return False

    @admin.display(description="Lists")
    def related(self, user: User) -> SafeString:
        return links_to_related(user)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            devices.revoke_all(user_id=obj.id)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    @confirmed("These users are signed out on all their devices and have to sign in again.")
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self.changeable(request, queryset):
            devices.revoke_all(user_id=user.id)
            self.log_change(request, user, "Signed out everywhere.")

    @admin.action(description="Deactivate and sign out everywhere", permissions=["change"])
    @confirmed("These users are signed out on all their devices and can't sign in until they are activated again.")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self.changeable(request, queryset):
            users.deactivate(user_id=user.id)
            self.log_change(request, user, "Deactivated.")

    def changeable(self, request: HttpRequest, queryset: QuerySet[User]) -> Sequence[User]:
        """Return those of the selected users that this request may change, and show their number."""
        chosen = list(queryset)
        changeable = [user for user in chosen if self.has_change_permission(request, user)]
        self.message_user(request, f"Done: {len(changeable)} of {len(chosen)}.")
        return changeable


class Devices(ReadOnlyModelAdmin):
    list_display = ("label", "user_link", "platform", "address", "last_used_at", "revoked_at")
    list_filter = ("platform", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "name", "address")
    searched_ids = ("id", "user")
    fieldsets = (
        (None, {"fields": ("name", "platform", "address", "id")}),
        ("Dates", {"fields": ("created_at", "last_used_at", "access_expires_at", "refresh_expires_at", "revoked_at")}),
        ("Related", {"fields": ("user",)}),
    )
    actions = ("sign_out",)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse filters on digests: filters on prefixes would reveal a digest letter by letter."""
        return "digest" not in lookup and super().lookup_allowed(lookup, value, request)

    @admin.display(description="name")
    def label(self, device: Device) -> str:
        return device.name or "(unnamed)"

    @admin.display(description="user")
    def user_link(self, device: Device) -> SafeString | str:
        return link(device.user)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may sign out devices. Nothing else can be changed, so the page is read-only."""
        return self.permitted(request, "change_device")

    @admin.action(description="Sign out", permissions=["end"])
    @confirmed("These devices are signed out: their users have to sign in again.")
    def sign_out(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        for device in queryset.select_related("user"):
            devices.logout(device_id=device.id)
            self.note_without_names(request, device, "Signed out.")
        self.message_user(request, f"Signed out: {len(queryset)}.")


def _rules(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


admin.site.unregister(Group)
admin.site.register(User, Users)
admin.site.register(Device, Devices)
admin.site.site_header = admin.site.site_title = "Roomwire"
# An API has no page for the link "View site".
admin.site.site_url = None
admin.site.password_change = own_password  # type: ignore[method-assign, assignment]

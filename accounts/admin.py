"""Users and devices in Django's admin. No digest is shown, and what ends somebody's right reaches their sockets."""

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

from accounts import devices, users
from accounts.errors import RoomwireError, UsernameTaken
from accounts.models import Device, User

# Who may change these may give them to themselves.
_RIGHTS = ("is_staff", "is_superuser", "user_permissions")


class _PasswordWidget(ReadOnlyPasswordHashWidget):
    """A button to set another one; and not, as Django's has it, how the salt and the hash of this one begin."""

    template_name = "accounts/password.html"


class _Free:
    """Says at its field, and in words, what the model's constraints would say of the whole form."""

    cleaned_data: dict[str, Any]
    instance: User

    def clean_username(self) -> str:
        return self._free("username", UsernameTaken.detail)

    def clean_email(self) -> str:
        return self._free("email", "Somebody else has this e-mail address.")

    def _free(self, field: str, otherwise: str) -> str:
        value = str(self.cleaned_data.get(field) or "")
        others = User.objects.exclude(pk=self.instance.pk).alias(wanted=Lower(field))
        if value and others.filter(wanted=Lower(Value(value))).exists():
            raise ValidationError(otherwise)
        return value


class AddForm(_Free, AdminUserCreationForm):  # type: ignore[type-arg]
    pass


class ChangeForm(_Free, UserChangeForm):  # type: ignore[type-arg]
    password = ReadOnlyPasswordHashField(widget=_PasswordWidget)


class _Ending:
    """A form that sets a password, which ends what the old one opened."""

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)  # type: ignore[misc]
        devices.revoke_all(user_id=user.id)
        return user


class PasswordForm(_Ending, AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Somebody's."""


class OwnPasswordForm(_Ending, OwnPasswordChangeForm):
    """One's own, by the old one, which is tried as everywhere."""

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        try:
            users.confirmed(user_id=self.user.pk, password=password, address=None)
        except RoomwireError as error:
            raise forms.ValidationError(error.detail) from error
        return password


def own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Django's page, of which its admin lets nobody choose the form before 6.1."""
    view = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse_lazy("admin:password_change_done"),
        extra_context=admin.site.each_context(request) | (extra_context or {}),
    )
    return view(request)  # type: ignore[return-value]


class _Devices(admin.TabularInline):  # type: ignore[type-arg]
    model = Device
    fields = readonly_fields = ("name", "platform", "address", "created_at", "last_used_at", "revoked_at")
    ordering = ("-last_used_at",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Users(UserAdmin):  # type: ignore[type-arg]
    form = ChangeForm
    add_form = AddForm
    change_password_form = PasswordForm
    list_display = ("username", "email", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "created_at")
    search_fields = ("username", "email", "pending_email", "id")
    show_full_result_count = False
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("id", "username", "password", "email", "pending_email")}),
        ("May", {"fields": ("is_active", *_RIGHTS)}),
        ("Was", {"fields": ("created_at", "last_login", "erased_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("id", "created_at", "last_login", "erased_at")
    filter_horizontal = ("user_permissions",)
    inlines = (_Devices,)
    actions = ("sign_out", "deactivate")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if _rules(request) else (*self.readonly_fields, *_RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever sets somebody's password can be them: nobody gets more rights that way than they have. And who was
        erased does not come back."""
        may = super().has_change_permission(request, obj)
        if obj is None:
            return may
        return may and not (obj.erasing_at or obj.erased_at) and (_rules(request) or not obj.is_staff)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Messages need their author: people deactivate, or erase themselves."""
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            devices.revoke_all(user_id=obj.id)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._changeable(request, queryset):
            devices.revoke_all(user_id=user.id)
            self.log_change(request, user, "Signed out everywhere.")

    @admin.action(description="Deactivate, and sign out everywhere", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._changeable(request, queryset):
            users.deactivate(user_id=user.id)
            self.log_change(request, user, "Deactivated.")

    def _changeable(self, request: HttpRequest, queryset: QuerySet[User]) -> Sequence[User]:
        chosen = list(queryset)
        changeable = [user for user in chosen if self.has_change_permission(request, user)]
        self.message_user(request, f"Done with {len(changeable)} of {len(chosen)}.")
        return changeable


class Devices(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "name", "platform", "address", "last_used_at", "revoked_at")
    list_filter = ("platform", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "name", "address")
    show_full_result_count = False
    ordering = ("-last_used_at",)
    fields = (
        "id",
        "user",
        "name",
        "platform",
        "address",
        "created_at",
        "last_used_at",
        "access_expires_at",
        "refresh_expires_at",
        "revoked_at",
    )
    actions = ("sign_out",)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """A list that could be filtered by the beginning of a digest would tell it, letter by letter."""
        return "digest" not in lookup and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """For the action below."""
        return bool(request.user.is_active and request.user.has_perm("accounts.change_device"))

    @admin.action(description="Sign out", permissions=["end"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        for device in queryset.select_related("user"):
            devices.logout(device_id=device.id)
            self.log_change(request, device, "Signed out.")
        self.message_user(request, f"{len(queryset)} signed out.")


def _rules(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


admin.site.unregister(Group)
admin.site.register(User, Users)
admin.site.register(Device, Devices)
admin.site.site_header = admin.site.site_title = "Roomwire"
admin.site.password_change = own_password  # type: ignore[method-assign, assignment]

"""The login of the admin, which also asks users with a second factor for a code."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from accounts.factors import request_info, second_factor
from core.errors import RoomwireError


class LoginForm(AdminAuthenticationForm):
    code = forms.CharField(
        required=False,
        label="Code, if you have set up an app for it",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if second_factor.needed(user) and not self._proved(user):
            raise ValidationError("This code is not right, or no longer.", code="invalid_code")

    def _proved(self, user: Any) -> bool:
        assert self.request is not None
        attempt = second_factor.Attempt(user=user, address=request_info.address(self.request))
        try:
            attempt.begin()
            proved = second_factor.proved(user, self.cleaned_data.get("code", ""))
        except RoomwireError as error:
            raise ValidationError(error.detail, code=error.code) from error
        if proved:
            attempt.succeeded()
        return proved


def ask_for_codes() -> None:
    admin.site.login_form = LoginForm
    admin.site.login_template = "factors/login.html"

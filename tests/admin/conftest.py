"""People in an installation with ADMIN=on, and browsers they are signed in with."""

import secrets

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import devices
from accounts.models import User
from config import urls

PASSWORD = "correct horse 9"


@pytest.fixture(autouse=True)
def _admin_on(settings):
    # Imported once for all tests, which have no admin elsewhere: before it is on.
    assert urls.urlpatterns
    settings.ADMIN = True
    settings.ROOT_URLCONF = "tests.admin.urls"


@pytest.fixture
def somebody(db):
    """A function that makes a user."""

    def make(name: str = "somebody", **fields) -> User:
        return User.objects.create_user(f"{name}-{secrets.token_hex(4)}", PASSWORD, **fields)

    return make


@pytest.fixture
def chief(somebody):
    return somebody("chief", is_staff=True, is_superuser=True)


@pytest.fixture
def helper(somebody):
    """A function that makes a member of staff with these permissions."""

    def make(*codenames: str) -> User:
        user = somebody("helper", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return make


@pytest.fixture
def browser():
    """A function that signs somebody in, by the form, and gives their browser."""

    def sign_in(user: User) -> Client:
        client = Client()
        answer = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 302, answer.content
        return client

    return sign_in


@pytest.fixture
def chiefs(browser, chief):
    return browser(chief)


@pytest.fixture
def granted():
    """A function that signs somebody in on a device."""
    return lambda user, **fields: devices.grant(user=user, **fields)

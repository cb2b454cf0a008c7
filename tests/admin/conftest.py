"""People in an installation with ADMIN=on, and browsers they are signed in with."""

import secrets

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import devices
from accounts.models import User
from chat import bans, edits, members, messages, rooms
from config import urls
from tests.admin.house import House

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


@pytest.fixture
def house(somebody):
    return House(somebody)


@pytest.fixture
def many(somebody, house):
    """Sixty of everything, some of them in one room."""
    people = [somebody(f"many{n}") for n in range(60)]
    for user in people:
        own = rooms.create(creator_id=user.id, kind="public", name=f"of {user.username}")
        messages.send(author_id=user.id, room_id=own.id, body="many words")
        members.join(user_id=user.id, room_id=house.room.id)
    for user in people[:55]:
        bans.ban(actor_id=house.owner.id, room_id=house.room.id, user_id=user.id)
    for user in people[55:]:
        messages.send(author_id=user.id, room_id=house.room.id, body="here")
    for n in range(60):
        edits.edit(actor_id=house.member.id, room_id=house.room.id, message_id=house.message.id, body=f"edit {n}")
    return house

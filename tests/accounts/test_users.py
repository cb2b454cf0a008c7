"""Registering and logging in."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts import devices, users
from accounts.errors import InvalidCredentials, UsernameTaken
from accounts.models import Device, User
from core.errors import Invalid, Violation
from tests.client import PASSWORD

pytestmark = pytest.mark.django_db

# Each by itself, behind a letter, before one, and between two.
_NOTHING = (
    "\u3164\u115f\u1160\uffa0\u200b\u200d\u00ad\u2060\ufeff\ufe0f\u202e\u2066\u061c\u034f\u180e\u2800\u3000\U000e0041"
)
_NOTHING += "\U00013441\U0001d173\U00016fe4\u0332\uff9e"
UNSEEN = [
    form.format(letter) for letter in _NOTHING for form in ("{0}", "{0}{0}{0}", "alice{0}", "{0}alice", "al{0}ice")
]


def test_register(alice):
    assert (alice.username, alice.email, alice.check_password(PASSWORD)) == ("alice", "", True)


def test_an_address_is_only_claimed_until_it_is_verified(alice):
    bob = users.register(username="bob", password=PASSWORD, email="Bob@EXAMPLE.com")
    assert (bob.email, bob.pending_email) == ("", "Bob@example.com")
    with pytest.raises(InvalidCredentials):
        devices.login(username="Bob@example.com", password=PASSWORD)


@pytest.mark.parametrize("username", ["", "a b", "x" * 65, "a@b", "a\0", "\ud800", "<b>", "a\n", *UNSEEN])
def test_a_bad_username(username):
    with pytest.raises(Invalid) as refused:
        users.register(username=username, password=PASSWORD)
    assert {violation.field for violation in refused.value.violations} == {"username"}


def test_an_invisible_character_is_named():
    with pytest.raises(Invalid) as refused:
        users.register(username="alice\u115f", password=PASSWORD)
    assert refused.value.violations == (Violation("username", "invalid", "Leave out U+115F: it shows nothing."),)


def test_a_name_from_before_it_was_refused_keeps_working():
    name = "alice\u1160"
    User.objects.create_user(name, PASSWORD)
    grant = devices.login(username="alice\u3164", password=PASSWORD)
    users.change(user_id=grant.user.id, password=PASSWORD, email="alice@example.com")
    user = users.get(user_id=grant.user.id)
    assert (user.username, user.pending_email) == (name, "alice@example.com")


def test_a_user_made_by_a_command_has_the_same_kind_of_name(alice):
    assert User.objects.create_superuser("\uff42ob", PASSWORD).username == "bob"
    with pytest.raises(IntegrityError):
        User.objects.create_superuser("\uff41lice", PASSWORD)


@pytest.mark.parametrize("password", ["short", "12345678901", "password1", "alicealice"])
def test_a_bad_password(password):
    with pytest.raises(Invalid) as refused:
        users.register(username="alicealice", password=password)
    assert {violation.field for violation in refused.value.violations} == {"password"}


@pytest.mark.parametrize("email", ["nobody", "a@b", "a b@example.com", "x" * 250 + "@example.com"])
def test_a_bad_address(email):
    with pytest.raises(Invalid) as refused:
        users.register(username="alice", password=PASSWORD, email=email)
    assert {violation.field for violation in refused.value.violations} == {"email"}


@pytest.mark.parametrize("username", ["alice", "ALICE", "\uff41lice"])
def test_nobody_is_alice_beside_alice(alice, username):
    with pytest.raises(UsernameTaken):
        users.register(username=username, password=PASSWORD)


def test_login_names_the_device(grant, alice):
    device = Device.objects.get()
    assert (device.user, device.name, device.address) == (alice, "phone", "127.0.0.1")
    assert (grant.user, grant.device_id) == (alice, device.id)
    assert timedelta(minutes=14) < grant.expires_at - timezone.now() <= timedelta(minutes=15)


def test_login_in_another_case(alice):
    assert devices.login(username="Alice", password=PASSWORD).user == alice


def test_wrong_logins_are_one_answer(alice):
    User.objects.create_user("gone", PASSWORD, is_active=False)
    for username, password in (("alice", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        with pytest.raises(InvalidCredentials):
            devices.login(username=username, password=password)

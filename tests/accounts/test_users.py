"""Registering and logging in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import devices, users
from accounts.errors import Invalid, InvalidCredentials, UsernameTaken
from accounts.models import Device, User
from tests.client import PASSWORD

pytestmark = pytest.mark.django_db


def test_register(alice):
    assert (alice.username, alice.email, alice.check_password(PASSWORD)) == ("alice", "", True)


def test_an_address_is_only_claimed_until_it_is_verified(alice):
    bob = users.register(username="bob", password=PASSWORD, email="Bob@EXAMPLE.com")
    assert (bob.email, bob.pending_email) == ("", "Bob@example.com")
    with pytest.raises(InvalidCredentials):
        devices.login(username="Bob@example.com", password=PASSWORD)


@pytest.mark.parametrize("username", ["", "a b", "x" * 65, "a@b", "a\0", "\ud800", "<b>", "a\n"])
def test_a_bad_username(username):
    with pytest.raises(Invalid) as refused:
        users.register(username=username, password=PASSWORD)
    assert {violation.field for violation in refused.value.violations} == {"username"}


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

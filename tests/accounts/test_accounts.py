"""Registering, logging in, tokens, refresh and tickets."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import devices, tickets, tokens, users
from accounts.errors import Invalid, InvalidCredentials, Unauthenticated, UsernameTaken
from accounts.models import Device, Ticket, User

PASSWORD = "correct horse 9"

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return users.register(username="alice", password=PASSWORD, email="Alice@EXAMPLE.com")


@pytest.fixture
def grant(alice):
    return devices.login(username="alice", password=PASSWORD, name="phone", address="127.0.0.1")


def test_register(alice):
    assert (alice.username, alice.email, alice.check_password(PASSWORD)) == ("alice", "Alice@example.com", True)


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


@pytest.mark.parametrize("username", ["alice", "ALICE", "\uff41lice"])
def test_nobody_is_alice_beside_alice(alice, username):
    with pytest.raises(UsernameTaken):
        users.register(username=username, password=PASSWORD)


def test_login_names_the_device(grant, alice):
    device = Device.objects.get()
    assert (device.user, device.name, device.address) == (alice, "phone", "127.0.0.1")
    assert grant.user == alice
    assert timedelta(minutes=14) < grant.expires_at - timezone.now() <= timedelta(minutes=15)


def test_login_in_another_case(alice):
    assert devices.login(username="Alice", password=PASSWORD).user == alice


def test_wrong_logins_are_one_answer(alice):
    User.objects.create_user("gone", PASSWORD, is_active=False)
    for username, password in (("alice", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD)):
        with pytest.raises(InvalidCredentials):
            devices.login(username=username, password=password)


def test_the_database_holds_no_usable_credential(grant):
    tickets_issued = tickets.issue(identity=tokens.authenticate(grant.access_token))
    stored = str(list(Device.objects.values())) + str(list(Ticket.objects.values()))
    for secret in (grant.access_token, grant.refresh_token, tickets_issued.ticket):
        assert secret[4:26] not in stored


def test_an_access_token_says_who(grant, alice, django_assert_num_queries):
    with django_assert_num_queries(1):
        identity = tokens.authenticate(grant.access_token)
    assert (identity.user_id, identity.username, identity.expires_at) == (alice.id, "alice", grant.expires_at)


@pytest.mark.parametrize("token", ["", "x", "rwa_", "rwa_x", "rwa_\ud800", "rwa_é"])
def test_garbage_says_nobody(grant, token):
    with pytest.raises(Unauthenticated):
        tokens.authenticate(token)


def test_other_secrets_are_no_access_tokens(grant):
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket
    for secret in (grant.refresh_token, ticket):
        with pytest.raises(Unauthenticated):
            tokens.authenticate(secret)


def test_an_expired_token(grant):
    Device.objects.update(access_expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        tokens.authenticate(grant.access_token)


def test_a_deactivated_user(grant, alice):
    User.objects.update(is_active=False)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(grant.access_token)
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grant.refresh_token)


def test_refresh_gives_new_tokens_for_old(grant):
    newer = devices.refresh(refresh_token=grant.refresh_token)
    assert tokens.authenticate(newer.access_token).user_id == grant.user.id
    with pytest.raises(Unauthenticated):
        tokens.authenticate(grant.access_token)
    assert Device.objects.count() == 1


@pytest.mark.parametrize("rotations", [1, 3])
def test_a_refresh_token_used_before_revokes_its_device_at_any_age(grant, rotations):
    newest = grant
    for _ in range(rotations):
        newest = devices.refresh(refresh_token=newest.refresh_token)
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grant.refresh_token)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(newest.access_token)
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=newest.refresh_token)


def test_a_forged_refresh_token_revokes_nothing(grant):
    for forged in ("", "rwr_", "rwr_" + "x" * 65, grant.access_token):
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=forged)
    assert tokens.authenticate(grant.access_token)


def test_an_expired_refresh_token(grant):
    Device.objects.update(refresh_expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grant.refresh_token)


def test_logout_ends_one_device(grant):
    other = devices.login(username="alice", password=PASSWORD)
    devices.logout(device_id=tokens.authenticate(grant.access_token).device_id)
    assert tickets.admit([grant.access_token, grant.refresh_token]) == [None, None]
    assert tokens.authenticate(other.access_token)


def test_a_ticket_is_spent_by_its_use(grant, alice):
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket
    assert [identity.user_id for identity in tickets.admit([ticket])] == [alice.id]
    assert tickets.admit([ticket]) == [None]


def test_an_expired_ticket(grant):
    identity = tokens.authenticate(grant.access_token)
    ticket = tickets.issue(identity=identity).ticket
    Ticket.objects.update(expires_at=timezone.now())
    assert tickets.redeem([ticket]) == [None]
    tickets.issue(identity=identity)
    assert Ticket.objects.count() == 1


def test_a_ticket_of_a_revoked_device(grant):
    identity = tokens.authenticate(grant.access_token)
    ticket = tickets.issue(identity=identity).ticket
    devices.logout(device_id=identity.device_id)
    assert tickets.redeem([ticket]) == [None]


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_at_once_one_redeems_the_ticket(grant):
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket

    def redeem() -> None:
        if tickets.redeem([ticket]) == [None]:
            raise Unauthenticated

    assert _at_once(100, redeem) == 1


def test_many_are_admitted_at_once_each_as_themselves(grant, django_assert_num_queries):
    """The same ticket twice in one call is the same ticket at once: one succeeds."""
    other = devices.login(username="alice", password=PASSWORD)
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket
    asked = ["", ticket, other.access_token, "rwt_unknown", ticket, grant.refresh_token, "rwa_\ud800"]
    # savepoint, select, delete, release for the tickets, one for the tokens
    with django_assert_num_queries(5):
        admitted = tickets.admit(asked)
    of_grant, of_other = (tokens.authenticate(each.access_token) for each in (grant, other))
    assert admitted == [None, of_grant, of_other, None, None, None, None]


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_at_most_one_succeeds(grant):
    """One wins; the other is a second use, which revokes the device: that is what a thief looks like too."""
    assert _at_once(2, lambda: devices.refresh(refresh_token=grant.refresh_token)) == 1


def _at_once(count: int, attempt) -> int:
    """How many of so many simultaneous attempts were not refused."""
    barrier = threading.Barrier(min(count, 16))

    def run(_) -> bool:
        barrier.wait()
        try:
            attempt()
        except Unauthenticated:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(barrier.parties) as pool:
        return sum(pool.map(run, range(count - count % barrier.parties)))

"""Access tokens, and refreshing them: once, within a grace, never again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import devices, tickets, tokens
from accounts.devices import Grant
from accounts.errors import Unauthenticated
from accounts.models import Device, User
from tests.accounts.at_once import at_once

pytestmark = pytest.mark.django_db


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


def test_within_a_grace_it_gives_the_same_tokens_again(grant):
    """To a client that lost the answer, however often."""
    newer = devices.refresh(refresh_token=grant.refresh_token)
    assert devices.refresh(refresh_token=grant.refresh_token) == newer
    assert devices.refresh(refresh_token=grant.refresh_token) == newer
    assert tokens.authenticate(newer.access_token)
    assert devices.refresh(refresh_token=newer.refresh_token).device_id == grant.device_id


def test_after_the_grace_a_refresh_token_used_before_revokes_its_device(grant, settings):
    newer = devices.refresh(refresh_token=grant.refresh_token)
    Device.objects.update(rotated_at=timezone.now() - settings.REFRESH_GRACE)
    _revokes(grant, newer)


@pytest.mark.parametrize("rotations", [2, 3])
def test_once_its_successor_was_used_there_is_no_grace(grant, rotations):
    newest = grant
    for _ in range(rotations):
        newest = devices.refresh(refresh_token=newest.refresh_token)
    _revokes(grant, newest)


def _revokes(used: Grant, newest: Grant) -> None:
    for refresh_token in (used.refresh_token, newest.refresh_token):
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=refresh_token)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(newest.access_token)


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_both_get_the_same_tokens(grant):
    """Two tabs of one client."""
    one, other = at_once(2, lambda: devices.refresh(refresh_token=grant.refresh_token))
    assert one == other
    assert tokens.authenticate(one.access_token).device_id == grant.device_id


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_without_a_grace_one_succeeds(grant, settings):
    """One wins; the other is a second use, which revokes the device: that is what a thief looks like too."""
    settings.REFRESH_GRACE = timedelta(0)
    (newer,) = at_once(2, lambda: devices.refresh(refresh_token=grant.refresh_token))
    with pytest.raises(Unauthenticated):
        tokens.authenticate(newer.access_token)


def test_a_forged_refresh_token_revokes_nothing(grant):
    for forged in ("", "rwr_", "rwr_" + "x" * 65, grant.access_token):
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=forged)
    assert tokens.authenticate(grant.access_token)


def test_an_expired_refresh_token(grant):
    Device.objects.update(refresh_expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grant.refresh_token)

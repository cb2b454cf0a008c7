"""Access tokens, and refreshing them: once, or again until one of the new tokens is first used."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts import devices, tickets, tokens
from accounts.devices import Grant
from accounts.errors import Unauthenticated
from accounts.models import Device, User
from tests.accounts.at_once import at_once
from tests.client import PASSWORD

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


def secrets_of(grant: Grant) -> tuple[str, str]:
    return grant.access_token, grant.refresh_token


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=22), timedelta(days=30)])
def test_a_refresh_may_be_repeated_until_its_tokens_are_used(grant, later):
    """By a client that lost the answer, however often and however late; the lifetimes begin anew."""
    newer = devices.refresh(refresh_token=grant.refresh_token)
    _age(later)
    for _ in range(2):
        again = devices.refresh(refresh_token=grant.refresh_token)
        assert secrets_of(again) == secrets_of(newer)
        assert again.expires_at > timezone.now() + timedelta(minutes=14)
    assert tokens.authenticate(newer.access_token).device_id == grant.device_id
    assert devices.refresh(refresh_token=newer.refresh_token).device_id == grant.device_id


def _age(by: timedelta) -> None:
    """Let this much time pass for all devices."""
    times = ("access_expires_at", "refresh_expires_at", "rotated_at", "last_used_at")
    Device.objects.update(**{name: F(name) - by for name in times})


def test_a_repeated_refresh_starts_the_device_s_lifetime_anew(grant, settings):
    devices.refresh(refresh_token=grant.refresh_token)
    _age(settings.REFRESH_TOKEN_LIFETIME - timedelta(days=1))
    newer = devices.refresh(refresh_token=grant.refresh_token)
    _age(timedelta(days=2))
    assert devices.refresh(refresh_token=newer.refresh_token)


def _use_access_token(newer: Grant) -> Grant:
    assert tokens.authenticate(newer.access_token)
    return newer


def _use_access_token_among_others(newer: Grant) -> Grant:
    other = devices.login(username="alice", password=PASSWORD)
    assert len(tokens.identities([other.access_token, newer.access_token, "rwa_" + "x" * 43])) == 2
    return newer


def _use_refresh_token(newer: Grant) -> Grant:
    return devices.refresh(refresh_token=newer.refresh_token)


def _use_refresh_token_twice(newer: Grant) -> Grant:
    return _use_refresh_token(_use_refresh_token(newer))


USES = [_use_access_token, _use_access_token_among_others, _use_refresh_token, _use_refresh_token_twice]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("repeated", [False, True])
def test_a_refresh_repeated_after_its_tokens_were_used_revokes_the_device(grant, use, repeated):
    newer = devices.refresh(refresh_token=grant.refresh_token)
    if repeated:
        newer = devices.refresh(refresh_token=grant.refresh_token)
    newest = use(newer)
    for refresh_token in (grant.refresh_token, newest.refresh_token):
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=refresh_token)
    with pytest.raises(Unauthenticated):
        tokens.authenticate(newest.access_token)


def test_a_token_that_is_refused_is_not_used(grant):
    """An expired access token is refused: the client may have lost the answer that would have replaced it."""
    newer = devices.refresh(refresh_token=grant.refresh_token)
    Device.objects.update(access_expires_at=timezone.now())
    for token in (newer.access_token, grant.access_token):
        with pytest.raises(Unauthenticated):
            tokens.authenticate(token)
    assert secrets_of(devices.refresh(refresh_token=grant.refresh_token)) == secrets_of(newer)


def test_only_the_first_use_is_recorded(grant, django_assert_num_queries):
    newer = devices.refresh(refresh_token=grant.refresh_token)
    tokens.authenticate(newer.access_token)
    with django_assert_num_queries(1):
        tokens.authenticate(newer.access_token)


@pytest.mark.django_db(transaction=True)
def test_of_two_refreshes_at_once_both_get_the_same_tokens(grant):
    """Two tabs of one client."""
    one, other = at_once(2, lambda: devices.refresh(refresh_token=grant.refresh_token))
    assert secrets_of(one) == secrets_of(other)
    assert tokens.authenticate(one.access_token).device_id == grant.device_id


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(5))
def test_a_refresh_repeated_while_its_tokens_are_first_used_is_answered_or_revokes(grant, number):
    """In either order; and once the use is recorded, a further repetition revokes."""
    newer = devices.refresh(refresh_token=grant.refresh_token)
    work = [
        lambda: tokens.authenticate(newer.access_token) and None,
        lambda: devices.refresh(refresh_token=grant.refresh_token),
    ]
    answers = [answer for answer in at_once(2, lambda: work.pop()()) if answer]
    assert all(secrets_of(answer) == secrets_of(newer) for answer in answers)
    assert Device.objects.filter(revoked_at=None).exists() is bool(answers)
    if answers:
        tokens.authenticate(newer.access_token)
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=grant.refresh_token)


@pytest.mark.django_db(transaction=True)
def test_a_token_first_used_many_times_at_once_is_good_each_time(grant):
    newer = devices.refresh(refresh_token=grant.refresh_token)
    assert len(at_once(8, lambda: tokens.authenticate(newer.access_token))) == 8
    assert Device.objects.get().rotated_at is None


def test_a_forged_refresh_token_revokes_nothing(grant):
    for forged in ("", "rwr_", "rwr_" + "x" * 65, grant.access_token):
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=forged)
    assert tokens.authenticate(grant.access_token)


def test_an_expired_refresh_token(grant):
    Device.objects.update(refresh_expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grant.refresh_token)

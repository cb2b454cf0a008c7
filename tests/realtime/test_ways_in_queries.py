"""What a handshake costs the database: nothing for garbage, and for a thousand that come together, what one does."""

import secrets

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import aauthenticate

from accounts import admission, devices, sessions, tickets, tokens
from accounts.admission import HandshakeCredentials
from accounts.errors import Unauthenticated
from accounts.models import User
from core.errors import RateLimited

pytestmark = pytest.mark.django_db

GARBAGE = ["", "x", "rwa_", "rwa_" + "x" * 42, "rwa_" + "x" * 44, "rwr_" + "x" * 65, "rwt_x", "RWA_" + "x" * 43, "\0"]
NO_KEYS = ["", "x", "x" * 31, "x" * 33, "X" * 32, "\0" * 32, "é" * 32, "x" * 31 + "\n", "x" * 5_000]


@pytest.fixture
def alice():
    return User.objects.create_user(f"alice-{secrets.token_hex(4)}", "correct horse 9")


def session(user) -> str:
    store = sessions.SessionStore()
    store["_auth_user_id"], store["_auth_user_hash"] = str(user.pk), user.get_session_auth_hash()
    store.create()
    return store.session_key


@pytest.mark.parametrize("in_url", [True, False])
def test_garbage_never_reaches_the_database(in_url, django_assert_num_queries):
    with django_assert_num_queries(0):
        answers = admission.admit([HandshakeCredentials("1.2.3.4", token, in_url=in_url) for token in GARBAGE])
    assert {type(answer) for answer in answers} == {Unauthenticated}


def test_nor_do_cookies_that_are_no_keys(django_assert_num_queries):
    with django_assert_num_queries(0):
        answers = admission.admit([HandshakeCredentials("1.2.3.4", session=key) for key in NO_KEYS])
    assert set(answers) == {None}


def test_who_brings_nothing_is_not_looked_up(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert admission.admit([HandshakeCredentials("1.2.3.4")]) == [None]


def test_a_token_beside_a_cookie_saves_its_look_up(alice, django_assert_num_queries):
    grant, key = devices.grant(user=alice), session(alice)
    with django_assert_num_queries(1):
        (identity,) = admission.admit([HandshakeCredentials("1.2.3.4", grant.access_token, key)])
    assert identity.device_id == grant.device_id


def test_a_crowd_costs_what_one_does(alice, django_assert_num_queries):
    grants = [devices.grant(user=alice) for _ in range(20)]
    identities = [tokens.authenticate(grant.access_token) for grant in grants]
    handshakes = [HandshakeCredentials("1.2.3.4", grant.access_token) for grant in grants]
    handshakes += [
        HandshakeCredentials("1.2.3.4", tickets.issue(identity=identity).ticket, in_url=True) for identity in identities
    ]
    handshakes += [HandshakeCredentials("1.2.3.4", session=session(alice)) for _ in range(20)]
    with django_assert_num_queries(6):  # one for tokens, one for sessions, and the tickets' transaction of four
        answers = admission.admit(handshakes)
    assert [answer.user_id for answer in answers] == [alice.id] * 60
    assert [answer.device_id for answer in answers[:40]] == [grant.device_id for grant in grants] * 2
    with django_assert_num_queries(2):
        assert admission.dead(answers) == set()


def test_who_is_let_wait_is_not_looked_up_and_loses_no_ticket(alice, settings, django_assert_num_queries):
    settings.RATE_LIMITS = True
    settings.RATES = settings.RATES | {"handshakes": (1, 3_600)}
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    issued = tickets.issue(identity=tokens.authenticate(devices.grant(user=alice).access_token)).ticket
    assert admission.admit([HandshakeCredentials(address)]) == [None]
    with django_assert_num_queries(0):
        (answer,) = admission.admit([HandshakeCredentials(address, issued, in_url=True)])
    assert isinstance(answer, RateLimited)
    (identity,) = admission.admit([HandshakeCredentials(f"{address}1"[:15], issued, in_url=True)])
    assert identity.user_id == alice.id


def test_in_one_crowd_a_ticket_still_opens_one_socket(alice):
    issued = tickets.issue(identity=tokens.authenticate(devices.grant(user=alice).access_token)).ticket
    answers = admission.admit([HandshakeCredentials("1.2.3.4", issued)] * 50)
    assert sum(not isinstance(answer, Unauthenticated) for answer in answers) == 1


# Sessions


def test_a_session_whose_password_was_changed_behind_our_back(alice):
    key = session(alice)
    (identity,) = admission.admit([HandshakeCredentials("1.2.3.4", session=key)])
    alice.set_password("another")
    alice.save()
    assert admission.admit([HandshakeCredentials("1.2.3.4", session=key)]) == [None]
    assert admission.dead([identity]) == {identity.device_id}


def test_a_session_whose_user_is_not_active(alice):
    key = session(alice)
    (identity,) = admission.admit([HandshakeCredentials("1.2.3.4", session=key)])
    User.objects.filter(id=alice.id).update(is_active=False)
    assert admission.admit([HandshakeCredentials("1.2.3.4", session=key)]) == [None]
    assert admission.dead([identity]) == {identity.device_id}


def test_a_session_that_nobody_is_signed_in_with():
    store = sessions.SessionStore()
    store["basket"] = 3
    store.create()
    assert admission.admit([HandshakeCredentials("1.2.3.4", session=store.session_key)]) == [None]


def test_a_row_s_key_is_no_cookie(alice):
    """Who reads the database can't be who is in it."""
    (identity,) = admission.admit([HandshakeCredentials("1.2.3.4", session=session(alice))])
    assert admission.admit([HandshakeCredentials("1.2.3.4", session=identity.session)]) == [None]
    assert admission.admit([HandshakeCredentials("1.2.3.4", session=identity.session[:32])]) == [None]


def test_django_s_asynchronous_door_counts_attempts_too(alice, settings):
    settings.RATE_LIMITS = True
    attempt = async_to_sync(aauthenticate)
    assert attempt(None, username=alice.username, password="correct horse 9") == alice
    for _ in range(5):
        assert attempt(None, username=alice.username, password="wrong") is None
    assert attempt(None, username=alice.username, password="correct horse 9") is None

"""Tickets, and what else is brought to a handshake."""

import pytest
from django.utils import timezone

from accounts import devices, tickets, tokens
from accounts.admission import HandshakeCredentials, admit
from accounts.errors import Unauthenticated
from accounts.models import Device, Ticket
from accounts.tokens import Identity
from core.errors import RoomwireError
from tests.accounts.at_once import at_once
from tests.client import PASSWORD

pytestmark = pytest.mark.django_db


def bring(*tokens: str) -> list[Identity | type[RoomwireError] | None]:
    """What those who bring these are answered, of an error its type."""
    answers = admit([HandshakeCredentials("127.0.0.1", token) for token in tokens])
    return [type(answer) if isinstance(answer, RoomwireError) else answer for answer in answers]


def test_a_ticket_is_spent_by_its_use(grant, alice):
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket
    assert [identity.user_id for identity in bring(ticket)] == [alice.id]
    assert bring(ticket) == [Unauthenticated]


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

    assert len(at_once(100, redeem)) == 1


def test_many_are_admitted_at_once_each_as_themselves(grant, django_assert_num_queries):
    """The same ticket twice in one call is the same ticket at once: one succeeds."""
    other = devices.login(username="alice", password=PASSWORD)
    ticket = tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket
    asked = ["", ticket, other.access_token, "rwt_unknown", ticket, grant.refresh_token, "rwa_\ud800"]
    # savepoint, select, delete, release for the tickets, one for the tokens
    with django_assert_num_queries(5):
        admitted = bring(*asked)
    of_grant, of_other = (tokens.authenticate(each.access_token) for each in (grant, other))
    no = Unauthenticated
    assert admitted == [no, of_grant, of_other, no, no, no, no]


def test_who_brings_nothing_is_nobody_yet(grant, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert admit([HandshakeCredentials("127.0.0.1"), HandshakeCredentials(None)]) == [None, None]


def test_the_database_holds_no_usable_credential(grant):
    tickets_issued = tickets.issue(identity=tokens.authenticate(grant.access_token))
    stored = str(list(Device.objects.values())) + str(list(Ticket.objects.values()))
    for secret in (grant.access_token, grant.refresh_token, tickets_issued.ticket):
        assert secret[4:26] not in stored


def test_logout_ends_one_device(grant):
    other = devices.login(username="alice", password=PASSWORD)
    devices.logout(device_id=tokens.authenticate(grant.access_token).device_id)
    assert bring(grant.access_token, grant.refresh_token) == [Unauthenticated] * 2
    assert tokens.authenticate(other.access_token)

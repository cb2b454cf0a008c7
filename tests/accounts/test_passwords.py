"""Passwords: another one by the old one, or by a code; and what that ends."""

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from accounts import devices, emails, passwords, sessions, tickets, tokens, users
from accounts.devices import Grant
from accounts.errors import InvalidCode, InvalidCredentials, Unauthenticated
from accounts.mail import mailer
from accounts.models import Code, Session, Ticket, User
from core.errors import Invalid
from tests.accounts import hashers, outbox
from tests.accounts.at_once import at_once
from tests.client import DEADLINE, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "alice@example.com"
NEW = "wrong donkey 7"


@pytest.fixture(autouse=True)
def _mailed(transactional_db):
    """Mail that is still being written holds on to the database."""
    yield
    assert mailer.flush(DEADLINE)


@pytest.fixture
def alice():
    """With an address of her own."""
    user = users.register(username="alice", password=PASSWORD, email=ADDRESS)
    emails.verify(name="alice", code=outbox.code(ADDRESS), address=None)
    user.refresh_from_db()
    return user


def sign_in(password: str = PASSWORD, name: str = "alice") -> Grant:
    return devices.login(username=name, password=password)


def browse(user: User) -> str:
    """A session's cookie."""
    session = sessions.SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.id), user.get_session_auth_hash()
    session.save()
    assert sessions.identities([session.session_key])
    return session.session_key


def change(grant: Grant, password: str = PASSWORD, new_password: str = NEW) -> None:
    passwords.change(
        user_id=grant.user.id,
        password=password,
        new_password=new_password,
        device_id=grant.device_id,
        address=None,
    )


def forgotten(name: str = "alice") -> str:
    passwords.forgotten(name=name, address=None)
    return outbox.code(ADDRESS)


def reset(code: str, name: str = "alice", new_password: str = NEW) -> None:
    passwords.reset(name=name, code=code, new_password=new_password, address=None)


def works(password: str) -> bool:
    try:
        sign_in(password)
    except InvalidCredentials:
        return False
    return True


def signed_in(grant: Grant) -> bool:
    try:
        tokens.authenticate(grant.access_token)
    except Unauthenticated:
        return False
    return True


# By the old one


def test_a_change_keeps_this_device_and_ends_everything_else(alice):
    here, there, cookie = sign_in(), sign_in(), browse(alice)
    ticket = tickets.issue(identity=tokens.authenticate(there.access_token)).ticket
    own = tickets.issue(identity=tokens.authenticate(here.access_token)).ticket
    change(here)
    assert (signed_in(here), signed_in(there)) == (True, False)
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=there.refresh_token)
    assert tickets.redeem([ticket]) == [None]
    assert sessions.identities([cookie]) == {}
    assert not Session.objects.exists()
    assert tickets.redeem([own]) == [tokens.authenticate(here.access_token)]
    assert devices.refresh(refresh_token=here.refresh_token).device_id == here.device_id
    assert (works(PASSWORD), works(NEW)) == (False, True)
    assert "has been changed" in outbox.sent(ADDRESS)[-1].body


def test_somebody_elses_devices_are_not_touched(alice):
    users.register(username="bob", password=PASSWORD)
    bob = sign_in(name="bob")
    change(sign_in())
    assert signed_in(bob)


def test_a_change_needs_the_old_one_and_a_good_new_one(alice):
    here, there = sign_in(), sign_in()
    with pytest.raises(InvalidCredentials):
        change(here, password="wrong")
    for bad in ("short", "123456789", "password1", "alice.example", ADDRESS):
        with pytest.raises(Invalid):
            change(here, new_password=bad)
    assert signed_in(there)
    assert works(PASSWORD)


def test_a_change_ends_the_codes_that_were_sent(alice):
    code = forgotten()
    change(sign_in())
    with pytest.raises(InvalidCode):
        reset(code, new_password="another horse 8")


def test_of_two_changes_at_once_one_is_by_the_old_password(alice):
    here = sign_in()
    new = ["one donkey 7", "other donkey 7"]

    def attempt() -> str:
        chosen = new.pop()
        try:
            change(here, new_password=chosen)
        except InvalidCredentials:
            return ""
        return chosen

    answers = sorted(at_once(2, attempt))
    assert answers[0] == ""
    assert works(answers[1])


def test_a_login_under_way_with_the_old_password_comes_to_nothing(alice, settings):
    """Else whoever has stolen it would only have to keep on signing in."""
    settings.PASSWORD_HASHERS = [hashers.NAME]
    here = sign_in()
    hashers.meanwhile(lambda: change(here))
    with pytest.raises(InvalidCredentials):
        sign_in(PASSWORD)
    assert [device.id for device in devices.list_devices(user_id=alice.id)] == [here.device_id]


@pytest.mark.parametrize("end", [users.deactivate, users.erase])
def test_a_login_under_way_of_somebody_let_go_comes_to_nothing(alice, settings, end):
    settings.PASSWORD_HASHERS = [hashers.NAME]
    hashers.meanwhile(lambda: end(user_id=alice.id))
    with pytest.raises(InvalidCredentials):
        sign_in()
    assert not alice.devices.exists()


def test_a_change_under_way_gives_no_password_to_somebody_who_was_erased(alice, settings):
    settings.PASSWORD_HASHERS = [hashers.NAME]
    here = sign_in()
    hashers.meanwhile(lambda: users.erase(user_id=alice.id))
    with pytest.raises(InvalidCredentials):
        change(here)
    alice.refresh_from_db()
    assert not alice.has_usable_password()


# By a code


@pytest.mark.parametrize("name", ["alice", "ALICE", ADDRESS, ADDRESS.upper()])
def test_a_reset_ends_everything(alice, name):
    grants, cookie = [sign_in(), sign_in()], browse(alice)
    waiting = [tickets.issue(identity=tokens.authenticate(grant.access_token)).ticket for grant in grants]
    reset(forgotten(name), name)
    assert not any(map(signed_in, grants))
    assert tickets.redeem(waiting) == [None, None]
    assert not Ticket.objects.exists()
    assert sessions.identities([cookie]) == {}
    assert devices.list_devices(user_id=alice.id) == []
    assert (works(PASSWORD), works(NEW)) == (False, True)


def test_a_reset_code_is_good_for_its_own_user_once_and_not_for_ever(alice):
    users.register(username="bob", password=PASSWORD)
    code = forgotten()
    for name in ("bob", "nobody", ""):
        with pytest.raises(InvalidCode):
            reset(code, name)
    with pytest.raises(InvalidCode):
        reset(f"{(int(code) + 1) % 10**8:08}")
    reset(code)
    with pytest.raises(InvalidCode):
        reset(code, new_password="another horse 8")
    code = forgotten()
    Code.objects.update(expires_at=timezone.now())
    with pytest.raises(InvalidCode):
        reset(code, new_password="another horse 8")
    assert works(NEW)


def test_a_code_of_one_purpose_is_no_good_for_the_other(alice):
    users.change(user_id=alice.id, password=PASSWORD, email="new@example.com")
    verification, resetting = outbox.code("new@example.com"), forgotten()
    with pytest.raises(InvalidCode):
        reset(verification)
    with pytest.raises(InvalidCode):
        emails.verify(name="alice", code=resetting, address=None)
    reset(resetting)
    emails.verify(name="alice", code=verification, address=None)


@pytest.mark.parametrize("bad", ["short", "password1", "12345678", "alice@example.com"])
def test_a_bad_new_password_does_not_spend_the_code(alice, bad):
    code = forgotten()
    with pytest.raises(Invalid):
        reset(code, new_password=bad)
    reset(code)
    assert works(NEW)


def test_a_code_sent_to_an_address_that_was_left_is_no_good(alice):
    """It may have been left because somebody else reads it."""
    code = forgotten()
    users.change(user_id=alice.id, password=PASSWORD, email="new@example.com")
    emails.verify(name="alice", code=outbox.code("new@example.com"), address=None)
    with pytest.raises(InvalidCode):
        reset(code)
    assert works(PASSWORD)


def test_only_a_verified_address_of_somebody_who_may_sign_in_is_sent_a_code(alice):
    users.register(username="bob", password=PASSWORD, email="bob@example.com")
    users.deactivate(user_id=alice.id)
    outbox.sent("bob@example.com")
    outbox.mail.outbox.clear()
    for name in ("alice", ADDRESS, "bob", "bob@example.com", "nobody", "nobody@example.com", ""):
        passwords.forgotten(name=name, address=None)
    assert outbox.sent(ADDRESS) == outbox.mail.outbox == []


def test_who_may_not_sign_in_resets_nothing(alice):
    code = forgotten()
    users.deactivate(user_id=alice.id)
    with pytest.raises(InvalidCode):
        reset(code)
    User.objects.update(is_active=True)
    assert works(PASSWORD)


def test_of_many_resets_with_one_code_at_once_one_succeeds(alice):
    code = forgotten()
    new = [f"donkey number {number}" for number in range(8)]

    def attempt() -> str:
        chosen = new.pop()
        try:
            reset(code, new_password=chosen)
        except InvalidCode:
            return ""
        return chosen

    (chosen,) = [answer for answer in at_once(8, attempt) if answer]
    assert works(chosen)

"""E-mail addresses: claimed by anybody, held by whoever brings back the code."""

import unicodedata

import pytest
from django.utils import timezone

from accounts import codes, devices, emails, users
from accounts.errors import EmailNotVerified, InvalidCode, InvalidCredentials
from accounts.mail import mailer
from accounts.models import Code, User
from core.errors import Invalid
from tests.accounts import hashers, outbox
from tests.accounts.at_once import at_once
from tests.client import DEADLINE, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "alice@example.com"


@pytest.fixture(autouse=True)
def _mailed(transactional_db):
    """Mail that is still being written holds on to the database."""
    yield
    assert mailer.flush(DEADLINE)


def register(name: str, email: str = "") -> User:
    return users.register(username=name, password=PASSWORD, email=email)


def verify(name: str, code: str) -> None:
    emails.verify(name=name, code=code, address="127.0.0.1")


def owner(name: str, email: str) -> User:
    """Somebody who has shown that the address is theirs."""
    user = register(name, email)
    verify(name, outbox.code(email))
    user.refresh_from_db()
    return user


def change(user: User, email: str, password: str = PASSWORD) -> User:
    return users.change(user_id=user.id, password=password, email=email)


def addresses(name: str) -> tuple[str, str]:
    return User.objects.values_list("email", "pending_email").get(username=name)


def refused(name: str, code: str) -> bool:
    before = addresses(name)
    with pytest.raises(InvalidCode):
        verify(name, code)
    return addresses(name) == before


def test_the_code_that_was_mailed_makes_it_ones_own():
    register("alice", ADDRESS)
    assert addresses("alice") == ("", ADDRESS)
    verify("alice", outbox.code(ADDRESS))
    assert addresses("alice") == (ADDRESS, "")
    assert not Code.objects.exists()


def test_nobody_is_written_to_who_gave_no_address():
    register("alice")
    emails.send_again(name="alice", address=None)
    assert outbox.sent("") == outbox.mail.outbox == []


@pytest.mark.parametrize("written", ["{}{}{}{} {}{}{}{}", " {}{}{}{}-{}{}{}{}\n", "{}{} {}{} {}{} {}{}"])
def test_a_code_may_be_written_as_people_write(written):
    register("alice", ADDRESS)
    verify("ALICE", written.format(*outbox.code(ADDRESS)))
    assert addresses("alice") == (ADDRESS, "")


def test_a_code_that_is_not_right_is_refused():
    register("alice", ADDRESS)
    right = outbox.code(ADDRESS)
    for wrong in ("", "0", f"{(int(right) + 1) % 10**8:08}", right[:-1], right + "0", "\0", "\ud800", "٣" * 8):
        assert refused("alice", wrong)
    verify("alice", right)


def test_a_code_is_good_for_its_own_user_once_and_not_for_ever():
    register("alice", ADDRESS)
    register("bob", "bob@example.com")
    code, bobs = outbox.code(ADDRESS), outbox.code("bob@example.com")
    assert refused("bob", code)
    assert refused("alice", bobs)
    with pytest.raises(InvalidCode):
        verify("nobody", code)
    verify("alice", code)
    assert refused("alice", code)
    Code.objects.update(expires_at=timezone.now())
    assert refused("bob", bobs)


def test_the_latest_code_counts():
    register("alice", ADDRESS)
    first = outbox.code(ADDRESS)
    emails.send_again(name="alice", address=None)
    assert len(outbox.sent(ADDRESS)) == 2
    assert refused("alice", first)
    verify("alice", outbox.code(ADDRESS))


def test_who_may_not_sign_in_verifies_nothing():
    user = register("alice", ADDRESS)
    code = outbox.code(ADDRESS)
    users.deactivate(user_id=user.id)
    assert refused("alice", code)
    emails.send_again(name="alice", address=None)
    assert len(outbox.sent(ADDRESS)) == 1


def test_login_by_the_address_once_it_is_verified():
    owner("alice", "Alice.B@Example.COM")
    for name in ("Alice.B@Example.COM", "alice.b@example.com", "ALICE.B@EXAMPLE.COM", "alice", "ALICE"):
        assert devices.login(username=name, password=PASSWORD).user.username == "alice"
    register("bob", "bob@example.com")
    with pytest.raises(InvalidCredentials):
        devices.login(username="bob@example.com", password=PASSWORD)


def test_a_name_is_the_same_however_a_keyboard_composes_it():
    """A Mac sends é as an e and an accent."""
    composed, apart = (unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))
    assert composed != apart
    register(apart)
    for name in (composed, apart):
        assert devices.login(username=name, password=PASSWORD).user.username == composed


# Held by somebody else


@pytest.mark.parametrize("holders", ["active", "deactivated"])
@pytest.mark.parametrize("spelling", [ADDRESS, "Alice@Example.com"])
def test_an_address_that_somebody_holds_is_claimed_without_a_word_and_without_effect(holders, spelling):
    alice = owner("alice", ADDRESS)
    if holders == "deactivated":
        users.deactivate(user_id=alice.id)
    bob = register("bob", spelling)
    assert bob.pending_email == User.objects.normalize_email(spelling)
    (told,) = outbox.sent(bob.pending_email)[-1:]
    assert "alice" in told.body
    assert '"bob"' in told.body
    assert not Code.objects.exists()
    emails.send_again(name="bob", address=None)
    assert outbox.sent(bob.pending_email)[-1].body == told.body
    assert addresses("alice") == (ADDRESS, "")


@pytest.mark.parametrize("number", range(5))
def test_of_two_who_verify_the_same_address_at_once_one_has_it(number):
    waiting = {}
    for name in ("one", "other"):
        register(name, ADDRESS)
        waiting[name] = outbox.code(ADDRESS)
    names = list(waiting)

    def bring() -> str:
        name = names.pop()
        try:
            verify(name, waiting[name])
        except InvalidCode:
            return "refused"
        return name

    answers = at_once(2, bring)
    assert answers.count("refused") == 1
    assert {user.username for user in User.objects.filter(email=ADDRESS)} == {*answers} - {"refused"}


def test_an_address_verified_by_another_in_the_meantime_is_theirs():
    register("alice", ADDRESS)
    code = outbox.code(ADDRESS)
    owner("bob", ADDRESS)
    assert refused("alice", code)
    assert addresses("bob") == (ADDRESS, "")


# Required


def test_where_an_address_is_required_nobody_goes_without(settings):
    settings.EMAIL_REQUIRED = True
    with pytest.raises(Invalid) as invalid:
        register("alice")
    assert [(violation.field, violation.code) for violation in invalid.value.violations] == [("email", "required")]
    alice = register("alice", ADDRESS)
    with pytest.raises(EmailNotVerified):
        devices.login(username="alice", password=PASSWORD)
    with pytest.raises(InvalidCredentials):
        devices.login(username="alice", password="wrong")
    verify("alice", outbox.code(ADDRESS))
    assert devices.login(username="alice", password=PASSWORD)
    with pytest.raises(Invalid):
        change(alice, "")
    assert addresses("alice") == (ADDRESS, "")


# Another one


def test_the_old_address_holds_until_the_new_one_is_verified():
    alice = owner("alice", ADDRESS)
    change(alice, "new@example.com")
    assert addresses("alice") == (ADDRESS, "new@example.com")
    assert devices.login(username=ADDRESS, password=PASSWORD)
    verify(ADDRESS, outbox.code("new@example.com"))
    assert addresses("alice") == ("new@example.com", "")
    with pytest.raises(InvalidCredentials):
        devices.login(username=ADDRESS, password=PASSWORD)
    owner("bob", ADDRESS)


def test_a_code_for_an_address_thought_better_of_does_not_verify_the_next():
    alice = register("alice", "mistyped@example.com")
    code = outbox.code("mistyped@example.com")
    change(alice, ADDRESS)
    latest = outbox.code(ADDRESS)
    assert refused("alice", code)
    # A worker that is slow to write its mail may still issue one.
    late = codes.issue(user=alice, purpose=Code.Purpose.VERIFY, address="mistyped@example.com")
    assert refused("alice", late)
    assert refused("alice", latest)
    emails.send_again(name="alice", address=None)
    verify("alice", outbox.code(ADDRESS))
    assert addresses("alice") == (ADDRESS, "")


def test_an_address_can_be_given_up():
    alice = owner("alice", ADDRESS)
    change(alice, "")
    assert addresses("alice") == ("", "")
    owner("bob", ADDRESS)


def test_a_change_needs_the_password_and_a_good_address():
    alice = owner("alice", ADDRESS)
    with pytest.raises(InvalidCredentials):
        change(alice, "new@example.com", password="wrong")
    with pytest.raises(Invalid):
        change(alice, "no address")
    assert addresses("alice") == (ADDRESS, "")
    assert outbox.sent("new@example.com") == []


def test_a_change_under_way_does_not_undo_a_verification(settings):
    settings.PASSWORD_HASHERS = [hashers.NAME]
    alice = register("alice", ADDRESS)
    code = outbox.code(ADDRESS)
    hashers.meanwhile(lambda: verify("alice", code))
    change(alice, "new@example.com")
    assert addresses("alice") == (ADDRESS, "new@example.com")


def test_a_change_under_way_gives_nothing_to_somebody_who_was_erased_meanwhile(settings):
    settings.PASSWORD_HASHERS = [hashers.NAME]
    alice = owner("alice", ADDRESS)
    hashers.meanwhile(lambda: users.erase(user_id=alice.id))
    with pytest.raises(InvalidCredentials):
        change(alice, "new@example.com")
    alice.refresh_from_db()
    assert (alice.email, alice.pending_email) == ("", "")
    assert outbox.sent("new@example.com") == []

"""Who may do what: every act of the domain, by everybody, in every kind of room."""

import threading

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from chat import members
from chat.models import Membership, Message, Room
from core.errors import RoomwireError
from devtools.process import wait_until
from tests.chat.acts import ALL, DONE
from tests.chat.talk import DEADLINE, committed, head, soon, told
from tests.drafts.batch import blocks, hold

pytestmark = pytest.mark.django_db


def outcome(act, house, who) -> str:
    """The code of a refusal, which changed nothing, or "ok". Nothing of it is kept."""
    before = head(house.room)
    try:
        with transaction.atomic():
            try:
                act.call(house, who)
            except RoomwireError:
                assert head(house.room) == before
                raise
            finally:
                transaction.set_rollback(True)
    except RoomwireError as refusal:
        return refusal.code
    return "ok"


def outcomes(house, whom=None) -> dict[tuple[str, str], str]:
    """How every act fares when these people try it."""
    who = whom or tuple(house.who)
    return {(name, each): outcome(act, house, house.who[each]) for name, act in ALL.items() for each in who}


@pytest.mark.parametrize("kind", ["public", "private"])
def test_who_may(build, kind):
    house = build(kind)
    assert outcomes(house) == {(name, who): act.expected(kind, who) for name, act in ALL.items() for who in house.who}


def test_who_may_in_a_direct_room(pair):
    """Nobody keeps order there."""
    assert outcomes(pair) == {(name, who): act.expected("direct", who) for name, act in ALL.items() for who in pair.who}


def test_what_an_archived_room_refuses(build):
    """What would be new there, and nothing else: it can be read, left, cleaned and opened again."""
    house = build("public")
    Room.objects.update(archived_at=timezone.now())
    assert outcomes(house) == {
        (name, who): (act.closed if act.new else act.expected)("public", who, *["archived"] * act.new)
        for name, act in ALL.items()
        for who in house.who
    }


def test_what_is_refused_to_who_is_muted(build):
    """To be heard, whatever their role; not to read, to leave, or to take back what they said."""
    house, whom = build("private"), ("owner", "moderator", "member")
    usual = {(name, who): act.expected("private", who) for name, act in ALL.items() for who in whom}
    muted = {
        (name, who): act.closed("private", who, "muted") for name, act in ALL.items() for who in whom if act.spoken
    }
    Membership.objects.update(muted_until=soon())
    assert outcomes(house, whom) == usual | muted
    Membership.objects.update(muted_until=timezone.now())
    assert outcomes(house, whom) == usual


def test_a_deleted_room_is_there_for_nobody(build):
    house = build("public")
    Room.objects.update(deleted_at=timezone.now())
    assert set(outcomes(house).values()) == {"not_found"}


def test_what_is_locked_is_told(build):
    """So that the table says what changes a room."""
    house = build("private")
    before = head(house.room)
    for name in (name for name, act in ALL.items() if act.locked):
        with transaction.atomic():
            DONE[name].call(house, house.who["owner"])
            assert len(told(house.room, before)) == (2 if name == "transfer" else 1), name
            transaction.set_rollback(True)


# What is decided is decided by what is so when it is done


@pytest.fixture
def other():
    """A connection to PostgreSQL that Django knows nothing of."""
    where = {name.lower(): connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    with psycopg.connect(dbname=connection.settings_dict["NAME"], **where) as opened:
        yield opened


MEANWHILE = {
    "the actor leaves": ("DELETE FROM chat_membership WHERE user_id = %(who)s", "not_found"),
    "the room is deleted": ("UPDATE chat_room SET deleted_at = now()", "not_found"),
    "the actor is mere": ("UPDATE chat_membership SET role = 'member' WHERE user_id = %(who)s", "forbidden"),
    "the room is archived": ("UPDATE chat_room SET archived_at = now()", "archived"),
    "the actor is muted": ("UPDATE chat_membership SET muted_until = now() + interval '1 hour'", "muted"),
}


def concerns(what: str, act) -> bool:
    return {
        "the actor is mere": act.least != "member",
        "the room is archived": act.new,
        "the actor is muted": act.spoken,
    }.get(what, True)


def after_a_wait(other, room_id, statement: str, given: dict, call) -> str:
    """How a call fares that has to wait for the room, while elsewhere this is committed."""
    codes = []

    def act() -> None:
        try:
            codes.append(outcome_of(call))
        finally:
            connection.close()

    hold(other, room_id)
    thread = threading.Thread(target=act)
    thread.start()
    assert wait_until(lambda: blocks(other), DEADLINE)
    other.execute(statement, given)
    other.commit()
    thread.join(DEADLINE)
    return codes[0]


def outcome_of(call) -> str:
    try:
        # Messages too: else they wait on the writer's thread, which gives up after a while.
        with transaction.atomic():
            call()
    except RoomwireError as refusal:
        return refusal.code
    return "ok"


@committed
@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name, act in DONE.items() for what in MEANWHILE if concerns(what, act)]
)
def test_whoever_changes_a_room_looks_when_it_is_theirs_alone(build, other, name, what):
    """They wait for the room, and meanwhile what they may is changed."""
    house = build("private")
    who, (statement, expected) = house.who["owner"], MEANWHILE[what]
    assert after_a_wait(other, house.room, statement, {"who": who}, lambda: DONE[name].call(house, who)) == expected
    assert Message.objects.filter(deleted_at=None).count() == 6


_PROMOTED = "UPDATE chat_membership SET role = 'owner' WHERE user_id = %(whom)s"
_LEFT = "DELETE FROM chat_membership WHERE user_id = %(whom)s"
_BANNED = "INSERT INTO chat_ban (room_id, user_id, reason, created_at) VALUES (%(room)s, %(whom)s, '', now())"
_ERASED = "UPDATE chat_message SET deleted_at = now()"
_REPLACED = "UPDATE chat_room SET name = 'other', topic = 'new'"

OTHERS = {
    ("remove", "target"): (_PROMOTED, "forbidden"),
    ("ban a member", "target"): (_PROMOTED, "forbidden"),
    ("mute", "target"): (_PROMOTED, "forbidden"),
    ("change a role", "target"): (_LEFT, "not_found"),
    ("transfer", "target"): (_LEFT, "not_found"),
    ("add", "stranger"): (_BANNED, "invalid"),
    ("edit", "target"): (_ERASED, "not_found"),
    ("react", "target"): (_ERASED, "not_found"),
    ("change", "target"): (_REPLACED, "ok"),
}


@committed
@pytest.mark.parametrize(("name", "whom"), OTHERS)
def test_and_at_whom_it_concerns_as_they_are_then(build, other, name, whom):
    house = build("private")
    owner, statement, expected = house.who["owner"], *OTHERS[name, whom]
    given = {"room": house.room, "whom": house.who.get(whom, house.target)}
    before = head(house.room)
    assert after_a_wait(other, house.room, statement, given, lambda: DONE[name].call(house, owner)) == expected
    assert head(house.room) == before
    assert Room.objects.get().name == ("other" if name == "change" else "room")


@committed
def test_who_is_banned_while_they_wait_to_enter_does_not_enter(build, other):
    house = build("public")
    stranger = house.who["stranger"]
    given = {"room": house.room, "whom": stranger}
    join = lambda: members.join(user_id=stranger, room_id=house.room)  # noqa: E731
    assert after_a_wait(other, house.room, _BANNED, given, join) == "not_found"
    assert not Membership.objects.filter(user=stranger).exists()

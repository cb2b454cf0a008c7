"""What is known and what is told, as values: whatever is read, a strict client that hears it knows the same."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.presence import presence
from chat.presence.presence import View
from chat.presence.store import UNKNOWN, PresentUser, RoomPresence
from realtime.presence import state
from realtime.presence.state import NOTHING, Known, Own
from tests.presence.watching import Watcher

ROOM = UUID(int=1)
OURS, THEIRS = "ours.1", "theirs.1"
ALICE, BOB, CAROL = (UUID(int=number) for number in (11, 12, 13))


def attended(version="1", **since_and_holders):
    """`alice=(since, holders)`"""
    names = {"alice": ALICE, "bob": BOB, "carol": CAROL}
    users = {names[name]: PresentUser(name, since) for name, (since, _) in since_and_holders.items()}
    holders = {names[name]: held for name, (_, held) in since_and_holders.items()}
    return RoomPresence(version, len(users), users, holders)


def own(**since):
    names = {"alice": ALICE, "bob": BOB, "carol": CAROL}
    return Own("ours", {names[name]: PresentUser(name, each) for name, each in since.items()})


KNOWN = state.read(NOTHING, attended(alice=(1, [OURS]), bob=(2, [THEIRS])), own(alice=1), complete=True)


def test_what_is_read_is_known():
    assert KNOWN.view == View(2, {ALICE: PresentUser("alice", 1), BOB: PresentUser("bob", 2)}, complete=True)
    assert (KNOWN.version, set(KNOWN.elsewhere)) == ("1", {BOB})
    assert state.read(KNOWN, None, own(alice=1), complete=True) is KNOWN


def test_while_nobody_can_be_asked_only_ours_change():
    away = state.unread(KNOWN, own(carol=5))
    assert away.view == View(2, {BOB: PresentUser("bob", 2), CAROL: PresentUser("carol", 5)}, complete=False)
    assert away.version == UNKNOWN
    back = state.unread(away, own(carol=5, alice=6))
    assert set(back.view.users) == {ALICE, BOB, CAROL}


def test_who_is_here_and_elsewhere_does_not_go_with_our_last():
    known = state.read(NOTHING, attended(alice=(1, [OURS, THEIRS])), own(alice=1), complete=True)
    assert set(state.unread(known, own()).view.users) == {ALICE}


def test_our_own_terms_are_all_ours():
    known = state.read(NOTHING, attended(alice=(1, ["ours.1", "ours.2"])), own(alice=1), complete=True)
    assert not known.elsewhere


def test_ours_do_not_go_while_they_are_here():
    """Others took this process for dead, and it has yet to say that it is not."""
    forgotten = state.read(KNOWN, attended("2", carol=(9, [THEIRS])), own(alice=1), complete=True)
    assert forgotten.view.users == {ALICE: PresentUser("alice", 1), CAROL: PresentUser("carol", 9)}
    gone = state.read(forgotten, attended("3", carol=(9, [THEIRS])), own(), complete=True)
    assert set(gone.view.users) == {CAROL}


def test_nobody_elsewhere_goes_while_it_is_not_complete():
    """Redis was emptied: some have not said yet that they are there."""
    emptied = state.read(KNOWN, attended("0"), own(alice=1), complete=False)
    assert (set(emptied.view.users), emptied.view.complete) == ({ALICE, BOB}, False)
    some = state.read(emptied, attended("2", carol=(9, [THEIRS])), own(), complete=False)
    assert set(some.view.users) == {BOB, CAROL}
    sure = state.read(some, attended("3", carol=(9, [THEIRS])), own(), complete=True)
    assert set(sure.view.users) == {CAROL}


@pytest.mark.parametrize("complete", [True, False])
def test_an_outage_is_no_news_to_those_who_knew_everybody(complete):
    told = KNOWN.view
    away = state.unread(KNOWN, own(alice=1))
    assert state.up_to_date(told, away.view)
    back = state.read(away, attended("7", alice=(1, [OURS]), bob=(2, [THEIRS])), own(alice=1), complete=complete)
    assert state.up_to_date(told, back.view)


def test_who_was_told_that_some_may_be_missing_is_told_when_none_are():
    told = state.unread(KNOWN, own(alice=1)).view
    back = state.read(KNOWN, None, own(alice=1), complete=True).view
    assert not state.up_to_date(told, back)
    frames, then = state.difference(ROOM, told, back)
    assert [msgspec.json.decode(frame)["type"] for frame in frames] == ["presence.counted"]
    assert state.up_to_date(then, back)


def test_who_went_and_came_again_between_two_looks_did_both():
    before, after = View(1, {ALICE: PresentUser("alice", 1)}, True), View(1, {ALICE: PresentUser("alice", 2)}, True)
    frames, _ = state.difference(ROOM, before, after)
    assert [msgspec.json.decode(frame)["type"] for frame in frames] == ["presence.left", "presence.joined"]


USERS = st.dictionaries(
    st.sampled_from([ALICE, BOB, CAROL]),
    st.builds(PresentUser, st.just("somebody"), st.integers(1, 3).map(lambda n: n * 1_000)),
)
VIEWS = st.builds(
    lambda users, crowd, complete: View(len(users), None if crowd else users, complete),
    USERS,
    st.sampled_from([False, False, True]),
    st.booleans(),
)


def known_of(view: View) -> Known:
    return Known(view, UNKNOWN, frozenset())


def snapshot(view: View):
    return msgspec.json.decode(msgspec.json.encode(presence.to_wire(ROOM, view)))


@given(st.lists(VIEWS, min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_client_knows_what_is_known_whenever_it_is_told(views, hears):
    """It misses some, as one does who is behind; and has the same in the end."""
    first, *later = views
    client, told = Watcher(str(ROOM), snapshot(first)), first
    for view, now in zip(later, [*hears[: len(later) - 1], True], strict=False):
        if (now or view is later[-1]) and not state.up_to_date(told, view):
            frames, told = state.difference(ROOM, told, view)
            for frame in frames:
                client.hear(msgspec.json.decode(frame))
    assert client.is_as(snapshot(views[-1]))
    assert client.complete or not views[-1].complete

"""Drafts in whatever batches, against a plain model of one after the other."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat import members, rooms
from chat.group_commit.drafts import Draft, Sent
from core.errors import RoomwireError
from tests.drafts.batch import NOWHERE, store, told

pytestmark = pytest.mark.django_db


REPLIES = ("none", "unknown", "of the private room", "of the public room")
ONE = st.tuples(
    st.integers(0, 2),  # author: Alice is in both rooms, Bob in the public one, Carol in none
    st.sampled_from(["private", "public", "nowhere"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(REPLIES),
)
BATCHES = st.lists(st.lists(ONE, min_size=1, max_size=8), min_size=1, max_size=4)


class Plain:
    """What the rules say of one draft after the other."""

    def __init__(self) -> None:
        self.seqs = {"private": 1, "public": 2}
        self.sent: dict[tuple, int] = {}

    def outcome(self, author: int, where: str, ref: str | None, reply: str) -> tuple:
        if where == "nowhere" or (where == "private" and author != 0):
            return ("not_found",)
        if author == 2:
            return ("not_a_member",)
        if ref is not None and (where, author, ref) in self.sent:
            return self.sent[where, author, ref], False
        if reply not in ("none", f"of the {where} room"):
            return ("invalid",)
        self.seqs[where] += 1
        if ref is not None:
            self.sent[where, author, ref] = self.seqs[where]
        return self.seqs[where], True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_however_drafts_are_batched_each_fares_as_if_it_were_alone(people, batches):
    alice, bob, _ = people
    with transaction.atomic():
        ids = {kind: rooms.create(creator_id=alice, name=kind, kind=kind).id for kind in ("private", "public")}
        members.join(user_id=bob, room_id=ids["public"])
        replies = {f"of the {kind} room": store(Draft(alice, ids[kind], "?"))[0].message.id for kind in ids}
        plain = Plain()
        for batch in batches:
            expected = [plain.outcome(*one) for one in batch]
            outcomes = store(
                *(
                    Draft(people[author], ids.get(where, NOWHERE), "x", ref, {"unknown": NOWHERE, **replies}.get(reply))
                    for author, where, ref, reply in batch
                )
            )
            assert [plainly(outcome) for outcome in outcomes] == expected
        for kind, room_id in ids.items():
            assert [event["seq"] for event in told(room_id)] == list(range(1, plain.seqs[kind] + 1))
        transaction.set_rollback(True)


def plainly(outcome: Sent | RoomwireError) -> tuple:
    return (outcome.code,) if isinstance(outcome, RoomwireError) else (outcome.message.seq, outcome.created)

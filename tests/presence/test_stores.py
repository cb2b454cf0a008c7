"""RoomPresence in both stores: whatever workers say in whatever order, what the plain reference says."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from chat.presence.memory_store import Memory
from chat.presence.store import LEASE_SECONDS, NOBODY, SETTLING_SECONDS, UNKNOWN, Arrival, Departure
from tests.presence.reference import Reference
from tests.presence.stores import STORES, InMemory, InRedis

ROOMS = [UUID(int=number) for number in (1, 2, 3)]
USERS = [UUID(int=number) for number in (11, 12, 13)]
WORKERS = ["a.1", "b.1", "b.2"]
ROOM, ALICE, BOB = ROOMS[0], USERS[0], USERS[1]

PAIRS = st.lists(st.tuples(st.sampled_from(ROOMS), st.sampled_from(USERS)), max_size=4, unique=True)
WORKER = st.sampled_from(WORKERS)
STEP = (
    st.tuples(st.just("begin"), WORKER)
    | st.tuples(st.just("write"), WORKER, st.sampled_from([0, 1, 1, 1, 1, 1, 2]), PAIRS, PAIRS)
    | st.tuples(st.just("renew"), WORKER, st.sampled_from([0, 0, 0, 0, 1]))
    | st.tuples(st.just("clear"), WORKER)
    | st.tuples(st.just("end"), WORKER)
    | st.tuples(st.just("advance"), st.sampled_from([1, 2, 3, 6, 10]))
)


def carry_out(step, number, store, reference):
    """The step in both; what they answer."""
    name, *given = step
    if name == "write":
        worker, ahead, came, went = given
        # A number that is not yet said, is said already, or leaves one out.
        serial = (reference.terms[worker].serial if worker in reference.terms else 0) + ahead
        arrivals = [Arrival(*pair, f"name {number}", 1_000 + number) for pair in came]
        given = [worker, serial, arrivals, [Departure(*pair) for pair in went if pair not in came]]
    elif name == "renew":
        worker, ahead = given
        given = [worker, (reference.terms[worker].serial if worker in reference.terms else 0) + ahead]
    elif name == "begin":
        reference.end(given[0])  # a name is taken once; here it is taken again when nothing is left of it
        store.end(given[0])
    answers = [getattr(each, name)(*given) for each in (store, reference)]
    return [sorted(each) if isinstance(each, list | set) else each for each in answers]


def shown(reading):
    return {
        room_id: (
            found.count,
            {user_id: (each.since, each.username) for user_id, each in found.users.items()},
            {user_id: set(each) for user_id, each in found.holders.items()},
        )
        for room_id, found in reading.rooms.items()
    }


def expected(reference):
    everything = {}
    for room_id in ROOMS:
        users = reference.users(room_id)
        holders = {user_id: reference.holders(room_id, user_id) for user_id in users}
        everything[room_id] = (len(users), users, holders)
    return everything


@pytest.mark.parametrize("make", STORES, ids=["memory", "redis"])
def test_a_store_does_as_the_reference(make):
    @how(max_examples=120, deadline=None)
    @given(st.lists(STEP, max_size=40))
    def check(steps):
        store, reference, known, before = make(), Reference(), dict.fromkeys(ROOMS, UNKNOWN), {}
        try:
            for number, step in enumerate([("begin", WORKERS[0]), ("begin", WORKERS[1]), *steps]):
                said, right = carry_out(step, number, store, reference)
                assert said == right, (step, said, right)
                reading, changes = store.read(known), expected(reference)
                assert set(reading.living) == reference.living()
                assert shown(reading).items() <= changes.items()
                unchanged = ROOMS if not before else [room for room in ROOMS if changes[room] == before[room]]
                assert before == {} or {room for room in ROOMS if room not in unchanged} <= reading.rooms.keys()
                known |= {room_id: found.version for room_id, found in reading.rooms.items()}
                before = changes
            for worker in WORKERS:
                store.end(worker)
            assert store.held() == []
        finally:
            store.close()

    check()


def attended(store, room=ROOM):
    return store.read({room: UNKNOWN}).rooms[room]


def present(store, room=ROOM) -> set[UUID]:
    return set(attended(store, room).users)


def entered(store, worker, *pairs, serial=1, since=0):
    store.begin(worker)
    assert store.write(worker, serial, [Arrival(*pair, "name", since) for pair in pairs], [])


def test_who_comes_by_two_workers_goes_with_the_last_and_was_there_since_the_first(store):
    entered(store, "a", (ROOM, ALICE), since=7_000)
    entered(store, "b", (ROOM, ALICE), since=3_000)
    assert store.write("a", 2, [], [Departure(ROOM, ALICE)])
    assert attended(store).users[ALICE].since == 7_000
    assert store.write("b", 2, [], [Departure(ROOM, ALICE)])
    assert attended(store).version == NOBODY
    assert attended(store).users == {}


def test_since_now_is_the_store_s_own_time(store):
    before = time.time() if isinstance(store, InRedis) else store.seconds
    entered(store, "a", (ROOM, ALICE))
    since = attended(store).users[ALICE].since / 1_000
    assert before - 1 <= since <= before + 30


def test_a_lease_that_is_not_renewed_ends_and_is_cleared_by_another(store):
    entered(store, "dead", (ROOM, ALICE), (ROOMS[1], ALICE))
    entered(store, "alive", (ROOM, BOB))
    for _ in range(LEASE_SECONDS // 3):
        assert list(store.renew("alive", 1)) == []
        store.advance(3)
    assert list(store.renew("alive", 1)) == ["dead"]
    assert set(store.read({}).living) == {"alive", "dead"}
    store.advance(5)
    assert set(store.read({}).living) == {"alive"}, "there may be nobody who clears it"
    assert present(store) == {ALICE, BOB}, "shown until somebody clears it"
    assert store.clear("dead") == {ROOM, ROOMS[1]}
    assert store.clear("dead") == set()
    assert present(store) == {BOB}
    assert present(store, ROOMS[1]) == set()


def test_nobody_who_is_late_clears_who_is_late(store):
    """Redis was away, or stood still: everybody's lease has ended."""
    entered(store, "a", (ROOM, ALICE))
    entered(store, "b", (ROOM, BOB))
    store.advance(60)
    assert list(store.renew("a", 1)) == []
    assert present(store) == {ALICE, BOB}
    assert store.write("b", 2, [Arrival(ROOMS[1], BOB, "name")], []), "a term goes on that nobody has cleared"
    assert list(store.renew("b", 2)) == []
    store.advance(1)
    assert list(store.renew("a", 1)) == []
    assert set(store.read({}).living) == {"a", "b"}


def test_whoever_was_cleared_can_say_no_more(store):
    entered(store, "a", (ROOM, ALICE))
    store.advance(LEASE_SECONDS)
    assert store.clear("a") == {ROOM}
    assert store.renew("a", 1) is None
    assert not store.write("a", 2, [Arrival(ROOM, ALICE, "name")], [])
    assert present(store) == set()
    assert store.held() == []


def test_nobody_clears_a_lease_that_goes_on(store):
    entered(store, "a", (ROOM, ALICE))
    assert store.clear("a") == set()
    assert present(store) == {ALICE}


def test_what_is_said_twice_counts_once_and_a_gap_ends_the_term(store):
    entered(store, "a", (ROOM, ALICE))
    assert store.write("a", 1, [Arrival(ROOM, BOB, "name")], []), "an answer that was lost"
    assert present(store) == {ALICE}
    assert not store.write("a", 3, [Arrival(ROOM, BOB, "name")], [])
    assert store.renew("a", 2) is None
    assert present(store) == {ALICE}


def test_a_room_is_read_again_only_when_it_changed(store):
    entered(store, "a", (ROOM, ALICE), (ROOMS[1], ALICE))
    known = {room: found.version for room, found in store.read(dict.fromkeys(ROOMS, UNKNOWN)).rooms.items()}
    assert known[ROOMS[2]] == NOBODY
    assert store.read(known).rooms == {}
    assert store.write("a", 2, [Arrival(ROOM, BOB, "name")], [])
    assert store.read(known).rooms.keys() == {ROOM}
    assert store.write("a", 3, [], [Departure(ROOM, BOB)])
    assert store.read(known).rooms.keys() == {ROOM}, "it is as it was, and was otherwise meanwhile"


def test_of_a_crowd_only_the_number_is_told(store, settings):
    settings.PRESENCE_USERS_MAX = 5
    crowd = [UUID(int=100 + number) for number in range(6)]
    entered(store, "a", *((ROOM, user) for user in crowd[:5]))
    assert len(attended(store).users) == 5
    entered(store, "b", *((ROOM, user) for user in crowd))
    found = attended(store)
    assert (found.count, found.users) == (6, None)
    assert store.write("b", 2, [], [Departure(ROOM, crowd[5])])
    assert len(attended(store).users) == 5


def test_very_many_are_cleared(store):
    users = [UUID(int=number) for number in range(1, 1_700)]
    store.begin("a")
    for serial, begin in enumerate(range(0, len(users), 500), 1):
        arrivals = [Arrival(ROOM, user, "name") for user in users[begin : begin + 500]]
        assert store.write("a", serial, arrivals, [])
    assert attended(store).count == len(users)
    store.advance(LEASE_SECONDS)
    assert store.clear("a") == {ROOM}
    assert store.held() == []


def test_names_may_be_anything(store):
    names = ["a b", "ü ß", "x,y z", "1 2 3", "%s", "'"]
    arrivals = [Arrival(ROOM, UUID(int=number), name) for number, name in enumerate(names, 1)]
    store.begin("a")
    assert store.write("a", 1, arrivals, [])
    entered(store, "b", (ROOM, UUID(int=1)))
    assert [attended(store).users[UUID(int=number)].username for number in range(1, 7)] == names


def test_a_redis_that_was_emptied_is_not_sure_of_itself_for_a_while():
    store = InRedis()
    entered(store, "a", (ROOM, ALICE))
    store.advance(SETTLING_SECONDS)
    assert store.read({}).complete
    store.client.delete(*store.client.scan_iter(f"{store.prefix}:*"))
    assert not store.read({}).complete
    assert store.renew("a", 1) is None
    entered(store, "a2", (ROOM, ALICE))
    assert not store.read({}).complete
    store.advance(SETTLING_SECONDS)
    assert store.read({}).complete
    store.close()


def test_a_process_alone_is_sure():
    assert Memory().read({}).complete
    assert InMemory().read({ROOM: UNKNOWN}).rooms[ROOM].users == {}


def test_clearing_that_was_interrupted_is_finished_by_another():
    """The process that cleared was killed after its first step."""
    store = InRedis()
    entered(store, "dead", *((ROOMS[0], UUID(int=number)) for number in range(1, 900)))
    entered(store, "alive")
    store.advance(3)
    store.renew("alive", 1)
    store.advance(3)
    store.renew("alive", 1)
    store.advance(3)
    from chat.presence import redis_store

    store._ask(redis_store._CLEAR, "dead", 0, 100)
    assert attended(store).count == 799
    assert store.renew("dead", 1) is None
    assert list(store.renew("alive", 1)) == ["dead"]
    store.clear("dead")
    assert attended(store).count == 0
    store.close()


def test_many_processes_at_once():
    """Whatever comes together, each pair is there as often as it is held."""
    store = InRedis()

    def live(name: int) -> None:
        worker = f"w{name}"
        store.begin(worker)
        for serial in range(1, 60, 2):
            store.write(worker, serial, [Arrival(ROOM, user, "name") for user in USERS], [])
            store.renew(worker, serial)
            store.write(worker, serial + 1, [], [Departure(ROOM, user) for user in USERS[name % 3 :]])
        if name % 2:
            store.end(worker)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(live, range(6)))
    found = attended(store)
    # The even ones are left, and have kept as many of the users as their number says.
    assert {user: set(found.holders[user]) for user in found.users} == {USERS[0]: {"w2", "w4"}, USERS[1]: {"w2"}}
    store.close()

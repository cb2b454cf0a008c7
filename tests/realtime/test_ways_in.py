"""Every way into the socket, under every server: who is let in by it, who is not, and which of several counts."""

import pytest

from tests.client import Refused, Site
from tests.realtime.ways import (
    ALLOWED,
    FOREIGN,
    NOTHING,
    WAYS,
    Way,
    in_first_frame,
    in_header,
    in_query,
    in_subprotocol,
)
from tests.servers import Server, migrate

ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


async def ticket(person) -> str:
    return (await person.call("POST", "auth/tickets/"))["ticket"]


@ways
async def test_an_access_token_opens_a_socket(site, way):
    alice = await site.person("alice")
    assert await way(alice.token).outcome(site) == alice.id


@ways
async def test_a_ticket_opens_one_wherever_it_is_brought(site, way):
    alice = await site.person("alice")
    good = await ticket(alice)
    assert await way(good).outcome(site) == alice.id
    assert await way(good).outcome(site) == 4401


@ways
async def test_a_refresh_token_opens_none(site, way):
    alice = await site.person("alice")
    assert await way(alice.login["refresh_token"]).outcome(site) == 4401


@ways
async def test_garbage_opens_none(site, way):
    for token in ("x", "rwa_", "rwa_" + "x" * 43, "rwt_" + "x" * 43, "rwa_" + "x" * 5_000):
        assert await way(token).outcome(site) == 4401


@pytest.mark.parametrize("way", [in_query, in_header], ids=lambda way: way.__name__)
async def test_an_empty_token_is_a_bad_one_and_not_none(site, way):
    assert await way("").outcome(site) == 4401


async def test_an_empty_token_beside_the_subprotocol(site):
    way = Way("", subprotocols=("roomwire.v1", "roomwire.bearer."))
    assert await way.outcome(site) == 4401


async def test_a_token_of_a_device_that_is_out_opens_none(site):
    alice = await site.newcomer("alice")
    unused = await ticket(alice)
    await alice.call("POST", "auth/logout/")
    for way in WAYS:
        assert await way(alice.token).outcome(site) == 4401
        assert await way(unused).outcome(site) == 4401


# The subprotocol


async def test_the_bearer_is_never_answered(site):
    alice = await site.person("alice")
    for offered, answered in (
        (("roomwire.v1", f"roomwire.bearer.{alice.token}"), "roomwire.v1"),
        ((f"roomwire.bearer.{alice.token}", "roomwire.v1"), "roomwire.v1"),
        ((f"roomwire.bearer.{alice.token}", "other", "roomwire.v1"), "roomwire.v1"),
    ):
        async with Way("", subprotocols=offered).dial(site) as socket:
            assert (await socket.frame())["user"]["id"] == alice.id
            assert socket.connection.subprotocol == answered


async def test_a_refused_browser_is_answered_its_subprotocol_too(site):
    """Without it a browser breaks the connection off by itself, and its page sees 1006 and not why."""
    async with in_subprotocol("nonsense").dial(site) as socket:
        assert socket.connection.subprotocol == "roomwire.v1"
        assert await socket.closed() == 4401
    async with Way("", subprotocols=("roomwire.v1",)).dial(site, **FOREIGN) as socket:
        assert socket.connection.subprotocol == "roomwire.v1"
        assert await socket.closed() == 4403


async def test_at_no_address_a_browser_is_answered_its_subprotocol_too(cluster):
    alice = await cluster.person("alice")
    async with in_subprotocol(alice.token).dial(cluster, path="/nowhere/") as socket:
        assert socket.connection.subprotocol == "roomwire.v1"
        assert await socket.closed() == 4404


# Which of several counts


@pytest.mark.parametrize("place", range(3), ids=["query", "header", "subprotocol"])
async def test_the_first_that_is_present_counts_whoever_s_the_others_are(site, place):
    alice, bob = await site.person("alice"), await site.person("bob")
    first, *others = WAYS[place:3]
    way = first(alice.token)
    for other in others:
        way += other(bob.token)
    assert await way.outcome(site) == alice.id


@pytest.mark.parametrize("place", range(2), ids=["query", "header"])
async def test_a_bad_one_is_not_made_good_by_another(site, place):
    alice = await site.person("alice")
    first, *others = WAYS[place:3]
    way = first("rwa_" + "x" * 43)
    for other in others:
        way += other(alice.token)
    assert await way.outcome(site) == 4401


async def test_a_header_of_another_kind_is_no_token(site):
    alice = await site.person("alice")
    basic = Way("", headers={"Authorization": "Basic YWxpY2U6eA=="})
    assert await (basic + in_subprotocol(alice.token)).outcome(site) == alice.id
    assert await (basic + in_first_frame(alice.token)).outcome(site) == alice.id


async def test_of_two_tokens_in_the_address_the_first_counts(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    assert await Way("", query=f"?token={alice.token}&token={bob.token}").outcome(site) == alice.id
    assert await Way("", query=f"?token=&token={bob.token}").outcome(site) == 4401


# The page


@ways
async def test_a_foreign_page_is_refused_whatever_it_brings_and_spends_nothing(site, way):
    alice = await site.person("alice")
    good = await ticket(alice)
    assert await way(good).outcome(site, **FOREIGN) == 4403
    assert await way(good).outcome(site, **ALLOWED) == alice.id


# One ticket


async def test_of_a_hundred_uses_of_a_ticket_at_once_one_succeeds(cluster, gather):
    alice = await cluster.person("alice")
    for _ in range(3):
        good = in_query(await ticket(alice))
        outcomes = await gather(*(good.outcome(cluster, worker) for worker in range(100)))
        assert (outcomes.count(alice.id), outcomes.count(4401)) == (1, 99)


async def test_a_hundred_tickets_at_once_all_succeed(cluster, gather):
    """Looked up together, each is its own holder's."""
    people = [await cluster.person(name) for name in ("alice", "bob")]
    tickets = [(people[number % 2], await ticket(people[number % 2])) for number in range(60)]
    got = await gather(*(in_query(good).outcome(cluster, worker) for worker, (_, good) in enumerate(tickets)))
    assert got == [person.id for person, _ in tickets]


# REALTIME_QUERY_ACCESS_TOKENS=off


@pytest.fixture(scope="module")
def careful_urls(folder):
    database = f"sqlite:///{folder / 'careful.sqlite3'}"
    migrate(database)
    with Server(folder / "careful.log", DATABASE_URL=database, REALTIME_QUERY_ACCESS_TOKENS="off") as server:
        yield [server.url]


@pytest.fixture
async def careful(careful_urls):
    async with Site(careful_urls).open() as opened:
        yield opened


async def test_where_access_tokens_in_addresses_are_forbidden(careful):
    alice = await careful.person("alice")
    assert await in_query(alice.token).outcome(careful) == 4401
    assert await in_query(await ticket(alice)).outcome(careful) == alice.id
    for way in (in_header, in_subprotocol, in_first_frame):
        assert await way(alice.token).outcome(careful) == alice.id
        assert await (in_query(alice.token) + way(alice.token)).outcome(careful) == 4401


async def test_there_it_is_forbidden_also_beside_a_lawful_use_of_the_same_token(careful, gather):
    """Many that knock at once are looked up together."""
    alice = await careful.person("alice")
    knocks = [(in_header, in_query)[number % 2](alice.token) for number in range(60)]
    outcomes = await gather(*(way.outcome(careful) for way in knocks))
    assert outcomes == [alice.id, 4401] * 30


# `authenticate` on a live connection


async def test_a_bad_token_costs_a_live_connection_nothing(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    async with alice.socket() as socket:
        for token in ("", "nonsense", "rwa_" + "x" * 43, alice.login["refresh_token"]):
            with pytest.raises(Refused, match="unauthenticated"):
                await socket.command("authenticate", token=token)
        with pytest.raises(Refused, match="forbidden"):
            await socket.command("authenticate", token=bob.token)
        with pytest.raises(Refused, match="invalid"):
            await socket.command("authenticate", token=5)
        room = await alice.room()
        await socket.command("room.subscribe", room=room)
        await alice.send(room, "still here")
        assert (await socket.event())["data"]["body"] == "still here"


async def test_who_brought_nothing_may_only_say_who_they_are(site):
    alice = await site.person("alice")
    async with NOTHING.dial(site) as socket:
        for command in ("ping", "room.subscribe", "message.send"):
            await socket.connection.send(f'{{"type":"{command}","id":1,"room":"{alice.id}","body":"x"}}')
            assert (await socket.frame())["error"]["code"] == "unauthenticated"

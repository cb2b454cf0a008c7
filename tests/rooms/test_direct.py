"""Direct rooms: one for each two people, whoever asks first, on whichever worker."""

import pytest

from tests.client import Person, Refused
from tests.rooms.hearing import listening


async def ask(person: Person, peer: Person, worker: int) -> tuple[int, str]:
    answer = await person.request("POST", "rooms/direct/", worker=worker, json={"user": peer.id})
    assert answer.status_code in (200, 201), answer.text
    return answer.status_code, answer.json()["id"]


async def test_both_ask_at_once(site, gather):
    for _ in range(5):
        alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
        asked = [ask(alice, bob, 0), ask(bob, alice, 1), ask(alice, bob, 1), ask(bob, alice, 0)]
        answers = await gather(*asked)
        assert len({room for _, room in answers}) == 1
        assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
        room = answers[0][1]
        for person, peer in ((alice, bob), (bob, alice)):
            seen = await person.call("GET", f"rooms/{room}/")
            assert (seen["kind"], seen["peer"]["id"], seen["role"]) == ("direct", peer.id, "member")
            assert [each["id"] for each in (await person.call("GET", "rooms/"))["results"]] == [room]


async def test_both_ask_at_once_and_each_socket_is_told_once(cluster, gather):
    alice, bob = await cluster.newcomer("alice"), await cluster.newcomer("bob")
    async with listening(*((person, worker, None) for person in (alice, bob) for worker in (0, 1))) as listeners:
        (_, room), _ = await gather(ask(alice, bob, 0), ask(bob, alice, 1))
        for listener in listeners:
            await listener.told("room.added", room)
            await listener.socket.connection.send(f'{{"type":"room.subscribe","id":"s","room":"{room}"}}')
            await listener.hears(lambda frame: frame.get("id") == "s")
        seqs = [(await person.send(room, "hi", worker=worker))["seq"] for worker, person in enumerate((alice, bob))]
        for listener in listeners:
            await listener.comes_to(room, seqs[-1])
            assert listener.types(room) == ["room.added", "message.created", "message.created"]


async def test_what_it_is_not(site, door):
    alice, bob, carol = [await site.newcomer(name) for name in ("alice", "bob", "carol")]
    _, room = await ask(alice, bob, 0)
    for call in (
        alice.call("POST", f"rooms/{room}/members/", {"user": carol.id}),
        alice.call("DELETE", f"rooms/{room}/members/{bob.id}/"),
        alice.call("POST", f"rooms/{room}/bans/", {"user": bob.id}),
        alice.call("POST", f"rooms/{room}/leave/"),
        alice.call("PATCH", f"rooms/{room}/", {"name": "ours"}),
        alice.call("DELETE", f"rooms/{room}/"),
        alice.call("PUT", f"rooms/{room}/archive/"),
        alice.call("POST", f"rooms/{room}/transfer/", {"user": bob.id}),
    ):
        with pytest.raises(Refused, match="forbidden"):
            await call
    for nobody in (alice.id, "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(Refused, match="invalid"):
            await alice.call("POST", "rooms/direct/", {"user": nobody})
    async with door.open(carol, worker=1) as hers:
        for attempt in (hers.send(room, "me too"), hers.events(room, 0, 1), hers.typing(room, now=True)):
            with pytest.raises(Refused, match="not_found"):
                await attempt

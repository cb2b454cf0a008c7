"""What somebody takes away: all that is kept of them, and of nobody else."""

import json
import secrets

import psycopg
import pytest

from tests.client import PASSWORD, Refused
from tests.erasure import dump
from tests.erasure.test_erase import addressed, say

# Of the rows that are somebody's, what is a digest, or counts for nothing without the rest.
OWN_TABLES = {
    "accounts_user": "id",
    "accounts_device": "user_id",
    "chat_room": "created_by_id",
    "chat_membership": "user_id",
    "chat_message": "author_id",
    "chat_reaction": "user_id",
}
DIGESTS = {f"{of}_digest" for of in ("access", "refresh", "refresh_family", "previous")}
NOT_THEIRS = {"password", "epoch", "kind", "custom_events", "pair"} | DIGESTS


def texts(house, person) -> set[str]:
    """Every text, address and id in the rows that are theirs."""
    found: set[str] = set()
    with psycopg.connect(house.database, autocommit=True) as connection:
        for table, column in OWN_TABLES.items():
            rows = connection.execute(f"SELECT to_jsonb(t) FROM {table} AS t WHERE {column} = %s", (person.id,))
            for (row,) in rows:
                found |= {value for name, value in row.items() if isinstance(value, str) and name not in NOT_THEIRS}
    # Times are written in two ways; what ends when, and what role somebody has, is not what is looked for.
    return {text for text in found if text and not text[:4].isdigit()}


async def test_all_that_is_kept_of_somebody_is_in_it(house):
    alice, said = await addressed(house, "alice")
    bob = await house.site.newcomer("bob")
    name = f"room of {secrets.token_hex(6)}"
    own, bobs = await alice.room(bob, name=name), await bob.room(alice, name="bob's")
    left = await bob.room(alice)
    for room in (own, bobs, left):
        said += await say(alice, room)
    topic, before, emoji = (f"{what} {secrets.token_hex(6)}" for what in ("topic", "before", "emoji"))
    await alice.call("PATCH", f"rooms/{own}/", {"topic": topic})
    edited = await alice.send(own, before, data={"before": before})
    await alice.call("PATCH", f"rooms/{own}/messages/{edited['id']}/", {"body": "after", "data": None})
    emoji = f":{emoji.replace(' ', '_')}:"
    await alice.call("PUT", f"rooms/{own}/messages/{edited['id']}/reactions/{emoji}/")
    said += [topic, before, emoji, "after"]
    await alice.call("POST", f"rooms/{left}/leave/")
    bobs_words = await say(bob, own)
    # A device that is signed out is still kept, with where it was.
    other = {"username": alice.username, "password": PASSWORD, "device": f"lost {secrets.token_hex(6)}"}
    login = (await house.site.http().post("auth/login/", json=other)).json()
    await alice.call("DELETE", f"auth/devices/{login['device']}/")

    answer = await alice.request("GET", "users/me/export/")
    assert answer.headers["content-disposition"].startswith("attachment")
    export = json.dumps(answer.json())
    kept = {text.replace('"', '\\"') for text in texts(house, alice)}
    assert {name, other["device"], alice.username} <= kept
    assert [text for text in {*said, *kept} if text not in export] == []
    assert not any(words in export for words in [*bobs_words, bob.username])
    assert len(answer.json()["messages"]) == 4
    assert [(each["body"], each["data"]) for each in answer.json()["revisions"]] == [(before, {"before": before})]
    assert [each["emoji"] for each in answer.json()["reactions"]] == [emoji]


async def test_no_secret_is_in_it(house):
    alice = await house.site.newcomer("alice")
    ticket = (await alice.call("POST", "auth/tickets/"))["ticket"]
    export = (await alice.request("GET", "users/me/export/")).text
    assert not dump.found({"export": export}, alice.token, alice.login["refresh_token"], ticket, PASSWORD)
    assert "argon2" not in export
    assert "digest" not in export


async def test_nobody_has_it_made_without_end(house, gather):
    alice = await house.site.newcomer("alice")
    answers = await gather(*(alice.request("GET", "users/me/export/", worker=number) for number in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 5


async def test_who_is_erased_meanwhile_or_has_no_token_gets_nothing(house):
    alice = await house.site.newcomer("alice")
    await alice.request("POST", "users/me/erase/", json={"password": PASSWORD})
    with pytest.raises(Refused, match="unauthenticated"):
        await alice.call("GET", "users/me/export/")

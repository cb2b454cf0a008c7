"""What anybody may do next, by three numbers: mostly what they may do, now and then what they may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.client import Person
from tests.states.acts import UNTIL
from tests.states.client_state import RoomState

Json = dict[str, Any]
Step = tuple[str, str, str, Any]

RANKS = {"owner": 2, "moderator": 1, "member": 0}


@dataclass
class Possible:
    """`state` is the room as somebody sees it who still may."""

    people: Mapping[str, Person]
    state: RoomState

    def role_of(self, user: str) -> str:
        return next(role for role, person in self.people.items() if person.id == user)

    def somebody(self, number: int, least: str | None = None) -> str:
        """With this rank at least; one in eight, whoever it is."""
        ranked = [user for user, each in self.state.members.items() if RANKS[each["role"]] >= RANKS[least or "member"]]
        if number % 8 == 5 or not ranked or least is None:
            return list(self.people)[number % len(self.people)]
        return self.role_of(ranked[number % len(ranked)])

    def id(self, number: int) -> str:
        return self.people[self.somebody(number)].id

    def message(self, number: int) -> Json:
        """One of the latest."""
        return list(self.state.messages.values())[-1 - number % min(len(self.state.messages), 4)]

    def author(self, message: Json, number: int) -> str:
        """Its own; one in eight, somebody's."""
        return self.somebody(number) if number % 8 == 5 else self.role_of(message["author"]["id"])


def say(may: Possible, a: int, b: int, c: int) -> Step:
    body = {"body": f"@{may.people[may.somebody(b)].username}!", "reply_to": may.message(c)["id"] if c % 2 else None}
    return may.somebody(a, "member"), "POST", "messages/", body


def edit(may: Possible, a: int, b: int, c: int) -> Step:
    said = may.message(b)
    return may.author(said, a), "PATCH", f"messages/{said['id']}/", {"body": f"other words {c % 2}"}


def delete(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "moderator"), "DELETE", f"messages/{may.message(b)['id']}/", None


def react(may: Possible, a: int, b: int, c: int) -> Step:
    how = "DELETE" if c % 3 == 0 else "PUT"
    return may.somebody(a, "member"), how, f"messages/{may.message(b)['id']}/reactions/{'👍🎉'[c % 2]}/", None


def tell(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "member"), "POST", "events/", {"name": "voted", "data": b}


def read(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "member"), "POST", "read/", {"seq": max(0, may.state.seq - b)}


def join(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a), "POST", "join/", None


def leave(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "member"), "POST", "leave/", None


def add(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "moderator"), "POST", "members/", {"user": may.id(b)}


def take_out(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "owner"), "DELETE", f"members/{may.id(b)}/", None


def ban(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "moderator"), "POST", "bans/", {"user": may.id(b)}


def unban(may: Possible, a: int, b: int, c: int) -> Step:
    banned = list(may.state.bans or {})
    return may.somebody(a, "moderator"), "DELETE", f"bans/{banned[b % len(banned)] if banned else may.id(b)}/", None


def promote(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "owner"), "PATCH", f"members/{may.id(b)}/", {"role": list(RANKS)[c % 3]}


def transfer(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "owner"), "POST", "transfer/", {"user": may.id(b)}


def mute(may: Possible, a: int, b: int, c: int) -> Step:
    how, until = ("PUT", {"until": UNTIL}) if c % 2 else ("DELETE", None)
    return may.somebody(a, "moderator"), how, f"members/{may.id(b)}/mute/", until


def rename(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "moderator"), "PATCH", "", {"name": f"name {b % 2}", "topic": f"topic {c % 2}"}


def archive(may: Possible, a: int, b: int, c: int) -> Step:
    return may.somebody(a, "owner"), "DELETE" if may.state.facts["archived_at"] else "PUT", "archive/", None


STEPS = (
    say,
    say,
    edit,
    edit,
    delete,
    react,
    react,
    react,
    tell,
    read,
    join,
    join,
    leave,
    add,
    take_out,
    ban,
    unban,
    unban,
)
STEPS += (promote, promote, transfer, mute, rename, archive)

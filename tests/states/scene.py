"""A room with a little of everything in it, and who plays in it."""

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.client import Person, Refused, Site
from tests.states import schemas
from tests.states.client_state import RoomState
from tests.states.snapshots import snapshots

Json = dict[str, Any]


@dataclass
class Scene:
    """`birth` is the room before anything was heard of it; `said` are messages by what they are for."""

    site: Site
    room: str
    birth: RoomState
    people: dict[str, Person]
    said: dict[str, Json] = field(default_factory=dict)

    async def rest(self, person: Person, method: str, path: str, body: Any = None) -> Any:
        """Of this room; "" is the room itself."""
        return await person.call(method, f"rooms/{self.room}/{path}", body)

    async def command(self, person: Person, type: str, **fields: Any) -> Any:
        """On a socket of its own, about this room; its reply is of the documented form."""
        async with person.socket() as socket:
            data = await socket.command(type, **{"room": self.room} | fields)
        schemas.check_reply(type, data)
        return data

    async def newcomer(self) -> Person:
        """Somebody who was never here."""
        self.people["newcomer"] = await self.site.newcomer()
        return self.people["newcomer"]


WATCHING = ("owner", "moderator", "member", "reader")


@asynccontextmanager
async def open_room(site: Site, kind: str):
    """Its owner, a moderator and a member have said and done things; in a public one there is a reader as well."""
    people = {role: await site.person(f"states-{role}") for role in (*WATCHING, "banned")}
    owner, moderator, member = (people[role] for role in ("owner", "moderator", "member"))
    room = (await owner.call("POST", "rooms/", {"name": "scene", "kind": kind, "topic": "of everything"}))["id"]
    scene = Scene(site, room, await _birth(owner, room), people)
    for person in (moderator, member):
        await scene.rest(owner, "POST", "members/", {"user": person.id})
    await scene.rest(owner, "PATCH", f"members/{moderator.id}/", {"role": "moderator"})
    await scene.rest(moderator, "POST", "bans/", {"user": people["banned"].id, "reason": "spam"})
    await _talk(scene, owner, moderator, member)
    yield scene
    # Whoever is in many rooms has much to ask for.
    with suppress(Refused):
        await scene.rest(owner, "DELETE", "")


async def _birth(owner: Person, room: str) -> RoomState:
    """Nobody is told of the one who was there from the beginning: this a client has to ask for."""
    state = (await snapshots({"": owner}, room))[""]
    assert state is not None
    assert state.seq == 0
    return state


async def _talk(scene: Scene, owner: Person, moderator: Person, member: Person) -> None:
    room = scene.room
    first = await member.send(room, f"hello @{owner.username}, this is @{member.username}", data={"mood": "calm"})
    edited = await member.send(room, "what I said at first")
    deleted = await owner.send(room, "what I regret")
    reply = await owner.send(room, "hi", reply_to=first["id"], client_ref="reply")
    scene.said = {"first": first, "edited": edited, "deleted": deleted, "reply": reply}
    for person, emoji in ((moderator, "👍"), (owner, "👍"), (owner, "🎉")):
        await scene.rest(person, "PUT", f"messages/{first['id']}/reactions/{emoji}/")
    await scene.rest(owner, "PUT", f"messages/{deleted['id']}/reactions/👀/")
    await scene.rest(member, "PATCH", f"messages/{edited['id']}/", {"body": f"and later to @{moderator.username}"})
    await scene.rest(owner, "DELETE", f"messages/{deleted['id']}/")
    await scene.rest(moderator, "POST", "events/", {"name": "poll.opened", "data": {"by": None}})
    await scene.rest(member, "POST", "read/", {"seq": first["seq"]})

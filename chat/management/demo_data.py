"""The data of `manage.py seed`: demo users and their messages in a few rooms.

Each room is created in one transaction, once. A room that exists is left unchanged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from chat import custom_events, edits, members, messages, reactions, receipts, rooms, wire
from chat.models import Room

People = Mapping[str, User]


@dataclass(frozen=True)
class Line:
    """A message of a demo user, and what happens to it. `answers` is how many lines before it the message stands that
    it replies to."""

    author: str
    body: str
    answers: int = 0
    edited: str = ""
    deleted: bool = False
    reactions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """A custom event."""

    sender: str
    name: str
    data: Any


@dataclass(frozen=True)
class Scene:
    """A room. All members have read everything except the last lines, as many as `unread` has for them."""

    name: str
    topic: str
    owner: str
    members: str
    lines: Sequence[Line | Fact]
    kind: str = "public"
    moderators: str = ""
    unread: Mapping[str, int] = field(default_factory=dict)
    archived: bool = False


PEOPLE = ("alice", "bob", "chen", "dana", "emeka", "fatima")

LOBBY = Scene(
    name="lobby",
    topic="Say hello: this is where everybody comes in",
    owner="alice",
    moderators="dana",
    members="bob chen dana emeka fatima",
    lines=(
        Line("alice", "Hello Bob! This room is a log: every event in it has the next number."),
        Line("bob", "So whoever was away asks for everything after the last number they saw?", answers=1),
        Line(
            "alice",
            "And gets it, in order, before anything live. Close this window, write from another, come back.",
            answers=1,
            reactions={"🎉": "bob chen dana", "👍": "emeka"},
        ),
        Line(
            "chen",
            "What if the server is restartet while I type?",
            edited="What if the server is restarted while I type?",
        ),
        Line(
            "dana",
            "It comes back, @chen, and your message is sent again under the same client_ref: stored once.",
            answers=1,
        ),
        Line("fatima", "teh", deleted=True),
        Fact("dana", "build.finished", {"version": "2.4.1", "tests": 1312, "failed": 0}),
        Line("emeka", "Even the app's own events have a place in the order ☝️", reactions={"💚": "alice bob fatima"}),
    ),
)

BOOKS = Scene(
    name="book club",
    topic="One a month. April: The Dispossessed, by Ursula K. Le Guin",
    owner="fatima",
    members="chen emeka",
    lines=(
        Line("fatima", "Chapter four by Thursday?"),
        Line("chen", "I am on two. No spoilers, please!", answers=1),
        Line("emeka", "The wall. That is all I say.", reactions={"🤐": "chen", "😂": "fatima"}),
    ),
)

LAUNCH = Scene(
    name="launch",
    topic="Version 3 goes out on Friday",
    kind="private",
    owner="dana",
    moderators="alice",
    members="alice bob chen",
    unread={"alice": 3},
    lines=(
        Line(
            "dana",
            "Friday, ten o'clock. @alice writes the notes, @bob watches the graphs.",
            reactions={"👍": "alice bob chen"},
        ),
        Line("bob", "Graphs are ready. Memory is flat since Monday.", answers=1),
        Line(
            "alice",
            "The draft of the notes is in the wiki.",
            edited="The notes are in the wiki, without the typo in the title.",
        ),
        Line("chen", "Read them. The part on migrations is short and right.", answers=1, reactions={"🙏": "alice"}),
        Line("dana", "@alice, can you be there at half past nine?"),
        Line("bob", "I bring coffee ☕"),
    ),
)

PARTY = Scene(
    name="summer party",
    topic="It was fun. Kept for the photographs",
    owner="alice",
    members="bob dana emeka fatima",
    archived=True,
    lines=(
        Line("emeka", "Somebody has left a blue umbrella."),
        Line("fatima", "Mine! Thank you.", answers=1, reactions={"☂️": "emeka"}),
        Line("alice", "Then all is well, and I close this room."),
    ),
)

BETWEEN_TWO = (
    Line("bob", "Have you got five minutes later on?"),
    Line("alice", "After lunch?", answers=1),
    Line("bob", "Perfect. It is about Friday.", reactions={"👌": "alice"}),
    Line("bob", "And bring the umbrella photograph 😄"),
)


def play(people: People) -> Room:
    """Create the rooms that do not exist yet. Return the lobby."""
    lobby, *_ = [_room(people, scene) for scene in (LOBBY, BOOKS, LAUNCH, PARTY)]
    _between(people, "alice", "bob")
    return lobby


@transaction.atomic
def _room(people: People, scene: Scene) -> Room:
    owner = people[scene.owner].id
    found = Room.objects.filter(created_by=owner, name=scene.name, deleted_at=None).first()
    if found is not None:
        return found
    room_id = rooms.create(creator_id=owner, name=scene.name, kind=scene.kind, topic=scene.topic).id
    for name in scene.members.split():
        members.add(actor_id=owner, room_id=room_id, user_id=people[name].id)
    for name in scene.moderators.split():
        members.change_role(actor_id=owner, room_id=room_id, user_id=people[name].id, role="moderator")
    _speak(people, room_id, scene.lines)
    _read(people, room_id, (scene.owner, *scene.members.split()), scene.unread)
    if scene.archived:
        rooms.archive(actor_id=owner, room_id=room_id)
    return Room.objects.get(id=room_id)


@transaction.atomic
def _between(people: People, one: str, other: str) -> None:
    opened = rooms.direct(user_id=people[one].id, peer_id=people[other].id)
    if opened.created:
        _speak(people, opened.room.id, BETWEEN_TWO)
        _read(people, opened.room.id, (one, other), {one: 1})


def _speak(people: People, room_id: UUID, lines: Sequence[Line | Fact]) -> None:
    said: list[wire.Message] = []
    for line in lines:
        if isinstance(line, Fact):
            custom_events.send(sender_id=people[line.sender].id, room_id=room_id, name=line.name, data=line.data)
        else:
            said.append(_say(people, room_id, line, said))


def _say(people: People, room_id: UUID, line: Line, said: Sequence[wire.Message]) -> wire.Message:
    author = people[line.author].id
    reply_to = said[-line.answers].id if line.answers else None
    message = messages.send(author_id=author, room_id=room_id, body=line.body, reply_to=reply_to).message
    at = {"room_id": room_id, "message_id": message.id}
    for emoji, names in line.reactions.items():
        for name in names.split():
            reactions.add(user_id=people[name].id, emoji=emoji, **at)
    if line.edited:
        edits.edit(actor_id=author, body=line.edited, **at)
    if line.deleted:
        edits.delete(actor_id=author, **at)
    return message


def _read(people: People, room_id: UUID, names: Sequence[str], unread: Mapping[str, int]) -> None:
    """Move the read markers, to the end or to the given lines."""
    head = Room.objects.get(id=room_id)
    latest = list(head.messages.order_by("-seq").values_list("seq", flat=True))
    for name in names:
        behind = unread.get(name, 0)
        seq = latest[behind - 1] - 1 if behind else head.last_seq
        receipts.read(user_id=people[name].id, room_id=room_id, seq=seq)

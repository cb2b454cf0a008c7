"""What a client keeps of a room: begun from a snapshot, changed by events, and the same as a fresh snapshot then.

An example for authors of clients: it uses nothing but the documented protocol, and says for every event what to do.

* Events change a state only in the order of their `seq`. One that was seen is skipped; one that is not the next says
  that some were missed: read them (`room.subscribe` with `since`, `sync`, or the room's `events`), never guess.
* Every event says what is so now, not what to add, so that a snapshot which was read while things happened comes out
  right when the events since its `last_seq` are applied, seen in the lists already or not.
* What passes (`read.updated`, `typing.*`) is missed by whoever was away: one's own read marker comes with `sync`, those
  of others with the room's `read`.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# What rooms count at most: "99+".
UNREAD_MAX = 100


class Missed(Exception):
    """There are events before this one that this client has not seen."""


@dataclass
class RoomState:
    """One room, as `me` sees it. `bans` is None for those who may not see them."""

    me: str
    facts: Json
    epoch: str
    seq: int
    members: dict[str, Json] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    # Of each message: who (by id) reacted how, and who that is.
    reactions: dict[str, dict[tuple[str, str], Json]] = field(default_factory=dict)
    bans: dict[str, Json] | None = None
    markers: dict[str, int] = field(default_factory=dict)
    custom: list[Json] = field(default_factory=list)
    typing: set[str] = field(default_factory=set)
    # Why one sees it no more: `left`, `removed`, `banned`, `erased`, `deleted`.
    gone: str | None = None

    def apply(self, frame: Json) -> None:
        """An event of this room, durable or passing. Raises Missed. What it doesn't know it leaves alone."""
        if frame["type"] == "room.removed":
            _removed(self, frame["reason"])
        elif "seq" not in frame:
            _PASSING.get(frame["type"], _ignore)(self, frame["data"])
        elif frame["seq"] == self.seq + 1:
            self.seq = frame["seq"]
            kind = "custom" if frame["type"].startswith("custom.") else frame["type"]
            _EVENTS.get(kind, _ignore)(self, frame if kind == "custom" else frame["data"])
        elif frame["seq"] > self.seq:
            raise Missed(f"{self.seq} is the last seen; this is {frame['seq']}")

    # What can be told from it

    @property
    def mine(self) -> bool:
        return self.gone is None and self.me in self.members

    def own_reactions(self) -> dict[str, set[str]]:
        """By message, for those one has reacted to."""
        found = {
            message: {emoji for user, emoji in given if user == self.me} for message, given in self.reactions.items()
        }
        return {message: emoji for message, emoji in found.items() if emoji}

    def summary(self) -> Json:
        """The room as a list of rooms shows it."""
        own = self.members.get(self.me, {})
        others = [member["user"] for user, member in self.members.items() if user != self.me]
        return self.facts | {
            "epoch": self.epoch,
            "last_seq": self.seq,
            "last_message": max(self.messages.values(), key=lambda message: message["seq"], default=None),
            "peer": others[0] if self.facts["kind"] == "direct" and others else None,
            "role": own.get("role"),
            "muted_until": own.get("muted_until"),
            "last_read_seq": self.markers[self.me] if own else None,
            "unread_count": min(len(self.unread()), UNREAD_MAX) if own else None,
            "mention_count": min(len(self.unread(naming=True)), UNREAD_MAX) if own else None,
        }

    def unread(self, *, naming: bool = False) -> list[Json]:
        """What others have said since one's marker; all of it, or only what names one."""
        return [
            message
            for message in self.messages.values()
            if message["seq"] > self.markers[self.me]
            and message["author"]["id"] != self.me
            and message["deleted_at"] is None
            and (not naming or self.me in message["mentions"])
        ]


# What each event does


def _said(state: RoomState, message: Json) -> None:
    """Sent or edited."""
    state.messages[message["id"]] = message
    state.typing.discard(message["author"]["id"])


def _deleted(state: RoomState, message: Json) -> None:
    state.messages[message["id"]] = message
    state.reactions.pop(message["id"], None)


def _reacted(state: RoomState, change: Json) -> None:
    _counted(state, change)
    given = state.reactions.setdefault(change["message"], {})
    given[change["user"]["id"], change["emoji"]] = change["user"]


def _unreacted(state: RoomState, change: Json) -> None:
    _counted(state, change)
    given = state.reactions.get(change["message"], {})
    given.pop((change["user"]["id"], change["emoji"]), None)
    if not given:
        state.reactions.pop(change["message"], None)


def _counted(state: RoomState, change: Json) -> None:
    """A client that keeps only the latest messages may not have this one."""
    if message := state.messages.get(change["message"]):
        state.messages[message["id"]] = message | {"reactions": change["reactions"]}


def _joined(state: RoomState, member: Json) -> None:
    """To whom what was said before is not unread."""
    state.members[member["user"]["id"]] = member
    state.markers.setdefault(member["user"]["id"], state.seq - 1)
    if member["user"]["id"] == state.me:
        state.gone = None


def _member(state: RoomState, member: Json) -> None:
    state.members[member["user"]["id"]] = member


def _left(state: RoomState, departure: Json) -> None:
    """Or a reader was banned. Of oneself it may be history, among what was missed: somebody who was let in again reads
    that they had been taken out."""
    user, reason = departure["user"], departure["reason"]
    for each in (state.members, state.markers):
        each.pop(user["id"], None)
    state.typing.discard(user["id"])
    if reason == "banned" and state.bans is not None:
        state.bans[user["id"]] = user
    if user["id"] == state.me:
        _removed(state, reason)


def _removed(state: RoomState, reason: str) -> None:
    """Told in the log, and to all one's sockets, those that don't hear the room as well. (`failed` is the server's own
    trouble: subscribe again. So does who has left a public room and goes on reading.)"""
    if reason in ("banned", "erased", "deleted") or (reason != "failed" and state.facts["kind"] != "public"):
        state.gone = reason


def _unbanned(state: RoomState, told: Json) -> None:
    _not_banned(state, told["user"])
    if told["user"]["id"] == state.me and state.facts["kind"] == "public":
        state.gone = None


def _not_banned(state: RoomState, user: Json) -> None:
    if state.bans is not None:
        state.bans.pop(user["id"], None)


def _facts(state: RoomState, facts: Json) -> None:
    state.facts = facts


def _buried(state: RoomState, facts: Json) -> None:
    state.gone = "deleted"


def _erased(state: RoomState, told: Json) -> None:
    """All that this user wrote is a tombstone; where they are still named, they have another name."""
    user = told["user"]
    for message in list(state.messages.values()):
        if message["author"]["id"] == user["id"]:
            state.messages[message["id"]] = _tombstone(message, told)
            state.reactions.pop(message["id"], None)
    for given in state.reactions.values():
        given.update({key: user for key in given if key[0] == user["id"]})
    state.custom = [_renamed(_without_words(event, user), user) for event in state.custom]
    _not_banned(state, user)


def _tombstone(message: Json, told: Json) -> Json:
    nothing = {"body": "", "data": None, "client_ref": None, "mentions": [], "reactions": []}
    return message | nothing | {"author": told["user"], "deleted_at": message["deleted_at"] or told["deleted_at"]}


def _without_words(event: Json, user: Json) -> Json:
    """An event of the app's own, without what they had it say if it was theirs."""
    sender = event["data"]["sender"]
    theirs = sender is not None and sender["id"] == user["id"]
    return event | {"data": event["data"] | {"data": None}} if theirs else event


def _renamed(told: Any, user: Json) -> Any:
    if isinstance(told, list):
        return [_renamed(each, user) for each in told]
    if not isinstance(told, dict):
        return told
    if told.get("id") == user["id"] and "username" in told:
        return told | user
    return {name: _renamed(value, user) for name, value in told.items()}


def _custom(state: RoomState, event: Json) -> None:
    """The app's own: here they are kept."""
    state.custom = [each for each in state.custom if each["seq"] != event["seq"]] + [event]


def _read(state: RoomState, reader: Json) -> None:
    """A marker never moves back, whatever overtakes what."""
    if reader["user"]["id"] in state.members:
        state.markers[reader["user"]["id"]] = max(state.markers[reader["user"]["id"]], reader["last_read_seq"])


def _typing(state: RoomState, typist: Json) -> None:
    state.typing.add(typist["user"]["id"])


def _still(state: RoomState, typist: Json) -> None:
    state.typing.discard(typist["user"]["id"])


def _ignore(state: RoomState, data: Any) -> None:
    """Not what this client shows, or newer than it."""


_EVENTS = {
    "message.created": _said,
    "message.updated": _said,
    "message.deleted": _deleted,
    "reaction.added": _reacted,
    "reaction.removed": _unreacted,
    "member.joined": _joined,
    "member.updated": _member,
    "member.left": _left,
    "member.unbanned": _unbanned,
    "room.updated": _facts,
    "room.archived": _facts,
    "room.deleted": _buried,
    "user.erased": _erased,
    "custom": _custom,
}

_PASSING = {"read.updated": _read, "typing.started": _typing, "typing.stopped": _still}
KNOWN = {*_EVENTS, *_PASSING}

"""Everything that can be done in a room by calling the domain, and who may: one row each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chat import (
    bans,
    custom_events,
    edits,
    history,
    members,
    messages,
    reactions,
    receipts,
    rooms,
    typing_notifications,
)
from tests.chat.conftest import House

_RANKS = ("member", "moderator", "owner")


@dataclass(frozen=True)
class Act:
    """`least` is the role it takes; None is none in a public room. A `new` one is refused where the room is archived,
    a `spoken` one to who is muted, both `before` who may is looked at; a `locked` one changes the room's log."""

    call: Callable[[House, UUID], Any]
    least: str | None = "member"
    new: bool = False
    spoken: bool = False
    before: bool = False
    locked: bool = False
    in_direct: bool = True

    def expected(self, kind: str, who: str) -> str:
        """The code of the refusal, or "ok"."""
        if who == "banned":
            return "not_found"
        if who in ("former", "stranger"):
            if kind != "public":
                return "not_found"
            return "ok" if self.least is None else "not_a_member"
        if kind == "direct":
            return "ok" if self.in_direct else "forbidden"
        allowed = self.least is None or _RANKS.index(who) >= _RANKS.index(self.least)
        return "ok" if allowed else "forbidden"

    def closed(self, kind: str, who: str, why: str) -> str:
        """The same where a new or spoken one is refused for another reason."""
        expected = self.expected(kind, who)
        return why if expected == "ok" or (self.before and expected == "forbidden") else expected


def _at(call: Callable[..., Any], **asked: Any) -> Callable[[House, UUID], Any]:
    """As a call of (house, who); what is a function is asked of the house."""

    def act(house: House, who: UUID) -> Any:
        given = {name: value(house, who) if callable(value) else value for name, value in asked.items()}
        found = call(room_id=house.room, **given)
        return list(found) if hasattr(found, "filter") else found

    return act


def _who(house: House, who: UUID) -> UUID:
    return who


def _own(house: House, who: UUID) -> UUID:
    return house.message(who)


def _target(house: House, who: UUID) -> UUID:
    return house.target


def _others(house: House, who: UUID) -> UUID:
    return house.by["target"].id


def _stranger(house: House, who: UUID) -> UUID:
    return house.who["stranger"]


def _banned(house: House, who: UUID) -> UUID:
    return house.who.get("banned", house.target)


SEEN = {
    "room": Act(_at(rooms.get, user_id=_who), None),
    "messages": Act(_at(messages.page, user_id=_who, limit=5), None),
    "replies": Act(_at(messages.page, user_id=_who, reply_to=_others, limit=5), None),
    "message": Act(_at(messages.get, user_id=_who, message_id=_others), None),
    "events": Act(_at(history.page, user_id=_who, after_seq=0, limit=5), None),
    "members": Act(_at(members.list_members, user_id=_who), None),
    "one member": Act(_at(members.get, user_id=_who, member_id=_target), None),
    "receipts": Act(_at(receipts.list_readers, user_id=_who), None),
    "reactions": Act(_at(reactions.list_reactions, user_id=_who, message_id=_others), None),
    "own revisions": Act(_at(edits.revisions, user_id=_who, message_id=_own)),
    "others' revisions": Act(_at(edits.revisions, user_id=_who, message_id=_others), "moderator", in_direct=False),
    "bans": Act(_at(bans.list_bans, user_id=_who), "moderator", in_direct=False),
}

_SAID = {"new": True, "spoken": True}

PASSED = {
    "read": Act(_at(receipts.read, user_id=_who, seq=1)),
    "start typing": Act(_at(typing_notifications.start, user_id=_who), **_SAID),
    "stop typing": Act(_at(typing_notifications.stop, user_id=_who), **_SAID),
}

_KEPT = {"least": "moderator", "locked": True, "in_direct": False}
_OWNED = {"least": "owner", "locked": True, "in_direct": False}

DONE = {
    "send": Act(_at(messages.send, author_id=_who, body="y"), **_SAID, locked=True),
    "edit": Act(_at(edits.edit, actor_id=_who, message_id=_own, body="y"), **_SAID, locked=True),
    "delete one's own": Act(_at(edits.delete, actor_id=_who, message_id=_own), locked=True),
    "react": Act(_at(reactions.add, user_id=_who, message_id=_own, emoji="🎉"), **_SAID, locked=True),
    "unreact": Act(_at(reactions.remove, user_id=_who, message_id=_own, emoji="👍"), **_SAID, locked=True),
    "delete another's": Act(_at(edits.delete, actor_id=_who, message_id=_others), **_KEPT),
    "custom": Act(_at(custom_events.send, sender_id=_who, name="x"), "moderator", **_SAID, before=True, locked=True),
    "change": Act(_at(rooms.change, actor_id=_who, topic="new"), new=True, **_KEPT),
    "add": Act(_at(members.add, actor_id=_who, user_id=_stranger), new=True, **_KEPT),
    "remove": Act(_at(members.remove, actor_id=_who, user_id=_target), **_KEPT),
    "mute": Act(_at(members.mute, actor_id=_who, user_id=_target, until=None), **_KEPT | {"locked": False}),
    "ban a member": Act(_at(bans.ban, actor_id=_who, user_id=_target), **_KEPT),
    "ban a stranger": Act(_at(bans.ban, actor_id=_who, user_id=_stranger), **_KEPT),
    "unban": Act(_at(bans.unban, actor_id=_who, user_id=_banned), **_KEPT),
    "change a role": Act(_at(members.change_role, actor_id=_who, user_id=_target, role="moderator"), **_OWNED),
    "transfer": Act(_at(members.transfer, actor_id=_who, user_id=_target), **_OWNED),
    "archive": Act(_at(rooms.archive, actor_id=_who), **_OWNED),
    "unarchive": Act(_at(rooms.unarchive, actor_id=_who), **_OWNED | {"locked": False}),
    "delete": Act(_at(rooms.delete, actor_id=_who), **_OWNED),
}

ALL = SEEN | PASSED | DONE

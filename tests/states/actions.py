"""All that can be done to a room, and what is heard of it.

Each is called what the command is called (`message.send`) or the route (`POST rooms/<id:room_id>/messages/`).
"""

from dataclasses import dataclass

from tests.states import acts
from tests.states.acts import UNTIL, Act, command, nothing, rest, then


@dataclass(frozen=True)
class Action:
    """`tells` are the durable events, `passes` what all who hear the room hear beside them; `before` makes it possible.
    `again` is what the same a second time is: nothing, unless it is another one (None) or refused (a code)."""

    name: str
    what: str
    act: Act
    tells: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    before: Act = nothing
    again: str | None = "nothing"
    kinds: tuple[str, ...] = ("public",)
    # Whose subscription it ends.
    leaves: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.what}".replace(" ", "-")


ROOM = "rooms/<id:room_id>/"
MEMBER = f"{ROOM}members/<id:user_id>/"
MESSAGE = f"{ROOM}messages/<id:message_id>/"
BOTH = ("public", "private")


_newcomer_owns = then(
    acts.newcomer_lives,
    rest("owner", "POST", "transfer/", {"user": "{newcomer}"}),
    rest("newcomer", "PATCH", "members/{owner}/", {"role": "member"}),
)
_newcomer_banned = then(acts.newcomer_lives, rest("owner", "POST", "bans/", {"user": "{newcomer}", "reason": "spam"}))
_muted = rest("moderator", "PUT", "members/{member}/mute/", {"until": UNTIL})
_archived = rest("owner", "PUT", "archive/")
_reacted = rest("member", "PUT", "messages/{reply}/reactions/👍/")

_SENT = {"body": "hello @{member}", "data": {"n": [1, None]}}

COMMANDS = [
    Action("authenticate", "again", acts.authenticate),
    Action("ping", "pong", acts.ping),
    Action("room.subscribe", "one", command("reader", "room.subscribe", since=0)),
    Action("room.subscribe", "all", acts.subscribe_all),
    Action("room.unsubscribe", "", acts.unsubscribe),
    Action("room.read", "all", acts.read_all, passes=("read.updated",)),
    Action("room.read", "backwards", command("member", "room.read", seq=0)),
    Action("typing.start", "", command("member", "typing.start"), passes=("typing.started",)),
    Action("typing.stop", "", command("member", "typing.stop"), passes=("typing.stopped",)),
    Action("presence.list", "", command("reader", "presence.list")),
    Action("message.send", "plain", command("member", "message.send", **_SENT), ("message.created",), again=None),
    Action(
        "message.send",
        "once",
        command("member", "message.send", body="@all", client_ref="x", reply_to="{first}"),
        ("message.created",),
    ),
    Action(
        "message.edit",
        "words",
        command("member", "message.edit", message="{first}", body="otherwise"),
        ("message.updated",),
    ),
    Action(
        "message.edit",
        "data",
        command("member", "message.edit", message="{edited}", body="and", data={"a": 1}),
        ("message.updated",),
    ),
    Action("message.delete", "own", command("member", "message.delete", message="{first}"), ("message.deleted",)),
    Action(
        "message.delete", "another's", command("moderator", "message.delete", message="{edited}"), ("message.deleted",)
    ),
    Action(
        "reaction.add", "new", command("member", "reaction.add", message="{first}", emoji="🎉"), ("reaction.added",)
    ),
    Action(
        "reaction.remove",
        "one of two",
        command("owner", "reaction.remove", message="{first}", emoji="👍"),
        ("reaction.removed",),
    ),
    Action(
        "reaction.remove",
        "the last",
        command("owner", "reaction.remove", message="{first}", emoji="🎉"),
        ("reaction.removed",),
    ),
    Action("custom.send", "", command("moderator", "custom.send", name="poll", data=[1]), ("custom.poll",), again=None),
]

ROOMS = [
    Action("POST rooms/", "", acts.open_another, again=None),
    Action("POST rooms/direct/", "", acts.direct, before=acts.newcomer),
    Action("POST sync/", "", acts.sync),
    Action(f"PATCH {ROOM}", "name", rest("moderator", "PATCH", "", {"name": "renamed"}), ("room.updated",)),
    Action(f"PATCH {ROOM}", "all", rest("owner", "PATCH", "", {"name": "n", "topic": ""}), ("room.updated",)),
    Action(f"PATCH {ROOM}", "right", rest("owner", "PATCH", "", {"custom_events": "member"}), ("room.updated",)),
    Action(f"DELETE {ROOM}", "", rest("owner", "DELETE", ""), ("room.deleted",), again="not_found", kinds=BOTH),
    Action(f"PUT {ROOM}archive/", "", _archived, ("room.archived",)),
    Action(f"DELETE {ROOM}archive/", "", rest("owner", "DELETE", "archive/"), ("room.updated",), before=_archived),
    Action(f"POST {ROOM}join/", "", rest("reader", "POST", "join/"), ("member.joined",)),
    Action(
        f"POST {ROOM}leave/",
        "public",
        rest("member", "POST", "leave/"),
        ("member.left",),
        again="not_a_member",
        leaves=("member",),
    ),
    Action(
        f"POST {ROOM}leave/",
        "private",
        rest("member", "POST", "leave/"),
        ("member.left",),
        again="not_found",
        kinds=("private",),
        leaves=("member",),
    ),
    Action(
        f"POST {ROOM}transfer/",
        "",
        rest("owner", "POST", "transfer/", {"user": "{member}"}),
        ("member.updated", "member.updated"),
        again="forbidden",
    ),
    Action(f"POST {ROOM}read/", "", rest("moderator", "POST", "read/", {"seq": 3}), passes=("read.updated",)),
    Action(f"POST {ROOM}typing/", "on", rest("owner", "POST", "typing/", {"typing": True}), passes=("typing.started",)),
    Action(
        f"POST {ROOM}typing/", "off", rest("owner", "POST", "typing/", {"typing": False}), passes=("typing.stopped",)
    ),
]

_TAKE_OUT = rest("moderator", "DELETE", "members/{member}/")
_BAN_READER = rest("moderator", "POST", "bans/", {"user": "{reader}"})
_BAN_MEMBER = rest("owner", "POST", "bans/", {"user": "{member}", "reason": "rude"})

MEMBERS = [
    Action(f"POST {ROOM}members/", "", rest("owner", "POST", "members/", {"user": "{reader}"}), ("member.joined",)),
    Action(
        f"POST {ROOM}members/",
        "a newcomer",
        rest("moderator", "POST", "members/", {"user": "{newcomer}"}),
        ("member.joined",),
        before=acts.newcomer,
        kinds=("private",),
    ),
    Action(
        f"PATCH {MEMBER}", "up", rest("owner", "PATCH", "members/{member}/", {"role": "owner"}), ("member.updated",)
    ),
    Action(
        f"PATCH {MEMBER}",
        "down",
        rest("owner", "PATCH", "members/{moderator}/", {"role": "member"}),
        ("member.updated",),
    ),
    Action(f"DELETE {MEMBER}", "", _TAKE_OUT, ("member.left",), again="not_found", kinds=BOTH, leaves=("member",)),
    Action(f"PUT {MEMBER}mute/", "", _muted, ("member.updated",)),
    Action(
        f"DELETE {MEMBER}mute/",
        "",
        rest("owner", "DELETE", "members/{member}/mute/"),
        ("member.updated",),
        before=_muted,
    ),
    Action(f"POST {ROOM}bans/", "a member", _BAN_MEMBER, ("member.left",), kinds=BOTH, leaves=("member",)),
    Action(f"POST {ROOM}bans/", "a reader", _BAN_READER, ("member.left",), leaves=("reader",)),
    Action(f"DELETE {ROOM}bans/<id:user_id>/", "", rest("moderator", "DELETE", "bans/{banned}/"), ("member.unbanned",)),
]

MESSAGES = [
    Action(
        f"POST {ROOM}messages/",
        "once",
        rest("owner", "POST", "messages/", {"body": "hello", "client_ref": "y", "reply_to": "{deleted}"}),
        ("message.created",),
    ),
    Action(
        f"PATCH {MESSAGE}",
        "",
        rest("owner", "PATCH", "messages/{reply}/", {"body": "bye", "data": None}),
        ("message.updated",),
    ),
    Action(
        f"PATCH {MESSAGE}",
        "reacted to",
        rest("owner", "PATCH", "messages/{reply}/", {"body": "bye"}),
        ("message.updated",),
        before=_reacted,
    ),
    Action(f"DELETE {MESSAGE}", "", rest("owner", "DELETE", "messages/{first}/"), ("message.deleted",)),
    Action(f"PUT {MESSAGE}reactions/<path:emoji>/", "", _reacted, ("reaction.added",)),
    Action(
        f"DELETE {MESSAGE}reactions/<path:emoji>/",
        "",
        rest("member", "DELETE", "messages/{reply}/reactions/👍/"),
        ("reaction.removed",),
        before=_reacted,
    ),
    Action(
        f"POST {ROOM}events/",
        "",
        rest("owner", "POST", "events/", {"name": "a.b", "data": {"id": 1}}),
        ("custom.a.b",),
        again=None,
    ),
]

_ERASED = ("member.left", "user.erased")

ACCOUNTS = [
    Action(
        "POST users/me/erase/", "a member", acts.erase, _ERASED, before=acts.newcomer_lives, again="unauthenticated"
    ),
    Action(
        "POST users/me/erase/",
        "an owner",
        acts.erase,
        ("member.left", "member.updated", "user.erased"),
        before=_newcomer_owns,
        again="unauthenticated",
    ),
    Action(
        "POST users/me/erase/",
        "one banned",
        acts.erase,
        ("user.erased",),
        before=_newcomer_banned,
        again="unauthenticated",
    ),
]

ALL = [*COMMANDS, *ROOMS, *MEMBERS, *MESSAGES, *ACCOUNTS]

# What can be done that no room hears of: it is about accounts alone.
ELSEWHERE = {
    "POST auth/register/",
    "POST auth/login/",
    "POST auth/refresh/",
    "POST auth/logout/",
    "POST auth/logout-all/",
    "DELETE auth/devices/<id:device_id>/",
    "POST auth/password/",
    "POST auth/password/forgotten/",
    "POST auth/password/reset/",
    "POST auth/email/code/",
    "POST auth/email/verify/",
    "POST auth/tickets/",
    "PATCH users/me/",
}

"""The permission matrix: one row for every REST route with each of its methods, and for every command.

A row says who may, in the words of rules.py; rows.py has what else it says. In addresses and bodies `{room}`,
`{message}`, `{user}`, `{emoji}` and the names of people (world.py) stand for ids. What is about oneself is in
accounts_table.py, and who may be acted upon in ranks.py.
"""

from tests.permissions.rows import both, command, rest
from tests.permissions.rules import (
    AUTHORS,
    CHANGERS,
    DISCOVERING,
    ENTERING,
    LEAVING,
    MANAGERS,
    MEMBERS,
    OWN_SENDERS,
    OWNERS,
    READERS,
    SENDERS,
    SIGNED_IN,
    WRITERS,
)

ROOM = "rooms/{room}"
USER = f"{ROOM}/members/{{user}}"
MESSAGES = f"{ROOM}/messages"
MESSAGE = f"{MESSAGES}/{{message}}"
REACTION = f"{MESSAGE}/reactions/{{emoji}}"

# Whether there is such a user is not said to those who could do nothing about them.
NOBODY = {"body": {"user": "{user}"}, "user": "nobody", "note": "nobody"}
AGAIN = {"body": "x", "client_ref": "{role}"}
CUSTOM = {"name": "shout", "data": {"n": 1}}

# fmt: off
ROOMS = [
    rest(f"GET {ROOM}/", READERS),
    rest(f"PATCH {ROOM}/", CHANGERS, {"name": "another"}, note="name"),
    rest(f"PATCH {ROOM}/", CHANGERS, {"topic": "another"}, note="topic"),
    rest(f"PATCH {ROOM}/", CHANGERS, {"custom_events": "member"}, note="right"),
    rest(f"DELETE {ROOM}/", OWNERS),
    rest(f"PUT {ROOM}/archive/", OWNERS),
    rest(f"DELETE {ROOM}/archive/", OWNERS, changes="archived"),
    rest(f"POST {ROOM}/join/", ENTERING),
    rest(f"POST {ROOM}/leave/", LEAVING),
    rest(f"POST {ROOM}/transfer/", OWNERS, {"user": "{other}"}),
    rest(f"POST {ROOM}/transfer/", OWNERS.when_ok("not_found"), **NOBODY),
]

PEOPLE = [
    rest(f"GET {ROOM}/members/", READERS),
    rest(f"POST {ROOM}/members/", CHANGERS, {"user": "{outsider}"}),
    rest(f"POST {ROOM}/members/", CHANGERS.when_ok("invalid"), **NOBODY),
    rest(f"GET {USER}/", READERS),
    rest(f"PATCH {USER}/", OWNERS, {"role": "moderator"}),
    rest(f"DELETE {USER}/", MANAGERS),
    rest(f"PUT {USER}/mute/", MANAGERS, {"until": "2099-01-01T00:00:00Z"}),
    rest(f"DELETE {USER}/mute/", MANAGERS, user="silenced"),
    rest(f"GET {ROOM}/bans/", MANAGERS),
    rest(f"POST {ROOM}/bans/", MANAGERS, {"user": "{other}", "reason": "noise"}),
    rest(f"POST {ROOM}/bans/", MANAGERS.when_ok("invalid"), **NOBODY),
    rest(f"DELETE {ROOM}/bans/{{user}}/", MANAGERS, user="outcast"),
]

WORDS = [
    rest(f"GET {MESSAGES}/", READERS),
    both(f"POST {MESSAGES}/", "message.send", WRITERS, {"body": "hello"}),
    both(f"POST {MESSAGES}/", "message.send", WRITERS, {"body": "so", "reply_to": "{message}"}, note="reply"),
    # What was sent before is answered again, for as long as one is there.
    both(f"POST {MESSAGES}/", "message.send", MEMBERS, AGAIN, note="again", changes=None),
    rest(f"GET {MESSAGE}/", READERS),
    both(f"PATCH {MESSAGE}/", "message.edit", WRITERS, {"body": "edited"}, own=True, note="own"),
    both(f"PATCH {MESSAGE}/", "message.edit", AUTHORS, {"body": "edited"}),
    both(f"DELETE {MESSAGE}/", "message.delete", MEMBERS, own=True, note="own"),
    both(f"DELETE {MESSAGE}/", "message.delete", MANAGERS),
    rest(f"GET {MESSAGE}/revisions/", MEMBERS, own=True, note="own"),
    rest(f"GET {MESSAGE}/revisions/", MANAGERS),
    rest(f"GET {MESSAGE}/replies/", READERS),
    rest(f"GET {MESSAGE}/reactions/", READERS),
    both(f"PUT {REACTION}/", "reaction.add", WRITERS),
    both(f"DELETE {REACTION}/", "reaction.remove", WRITERS, emoji="👍"),
]

EVENTS = [
    rest(f"GET {ROOM}/events/", READERS),
    both(f"POST {ROOM}/events/", "custom.send", SENDERS, CUSTOM),
    both(f"POST {ROOM}/events/", "custom.send", WRITERS, CUSTOM, room={"custom_events": "member"}, note="member"),
    both(f"POST {ROOM}/events/", "custom.send", OWN_SENDERS, CUSTOM, room={"custom_events": "owner"}, note="owner"),
]

NOW = [
    rest(f"GET {ROOM}/read/", READERS),
    both(f"POST {ROOM}/read/", "room.read", MEMBERS, {"seq": 1}),
    both(f"POST {ROOM}/read/", "room.read", MEMBERS.when_ok("invalid"), {"seq": 1000}, note="beyond"),
    both(f"POST {ROOM}/typing/", "typing.start", WRITERS, {"typing": True}, fields={}, changes=None, note="on"),
    both(f"POST {ROOM}/typing/", "typing.stop", WRITERS, {"typing": False}, fields={}, changes=None),
    both(f"GET {ROOM}/presence/", "presence.list", READERS),
]

# Here nobody asks for a room by its id alone: what counts is whether the answer tells of it.
LISTS = [
    rest("GET rooms/", SIGNED_IN, tells=MEMBERS),
    rest("GET rooms/public/", SIGNED_IN, tells=DISCOVERING),
    rest("GET rooms/public/?search={secret}", SIGNED_IN, tells=DISCOVERING),
    rest("GET sync/", SIGNED_IN, tells=MEMBERS),
    rest("GET sync/?since={room}.0", SIGNED_IN, tells=READERS),
    rest("POST sync/", SIGNED_IN, {"since": {"{room}": {"seq": 0}}}, tells=READERS, changes=None),
    rest("GET users/me/mentions/", SIGNED_IN, tells=READERS),
    rest("GET users/me/export/", SIGNED_IN, tells=MEMBERS),
    rest("POST rooms/", SIGNED_IN, {"name": "mine", "kind": "private"}),
    rest("POST rooms/direct/", SIGNED_IN, {"user": "{outsider}"}),
]

SUBSCRIBING = [
    command("room.subscribe", READERS, room="{room}", since=0),
    command("room.subscribe", READERS, room="{room}", presence=True, note="presence"),
    command("room.subscribe", READERS, rooms={"{room}": {"since": 0}}, note="rooms"),
    command("room.subscribe", READERS, rooms="all", positions={"{room}": {"since": 0}}, note="positions"),
    command("room.subscribe", SIGNED_IN, rooms="all", tells=MEMBERS, proof="{room}", note="all"),
    command("room.unsubscribe", SIGNED_IN, room="{room}"),
    command("ping", SIGNED_IN),
    command("authenticate", SIGNED_IN, token="{token}"),
]
# fmt: on

TABLE = [*ROOMS, *PEOPLE, *WORDS, *EVENTS, *NOW, *LISTS, *SUBSCRIBING]

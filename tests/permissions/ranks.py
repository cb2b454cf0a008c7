"""Who may act upon whom, of those who are in a room: who acts is in the lines, who is acted upon in the columns.

`stranger` is somebody who is not in the room, `nobody` an id that no user has.
"""

# An equal is nobody to manage. Who takes themselves out leaves.
REMOVING = """
                 co_owner   other_moderator other      oneself    stranger   banned     nobody
    owner        forbidden  ok              ok         ok         not_found  not_found  not_found
    moderator    forbidden  forbidden       ok         ok         not_found  not_found  not_found
    member       forbidden  forbidden       forbidden  ok         forbidden  forbidden  forbidden
    muted        forbidden  forbidden       forbidden  ok         forbidden  forbidden  forbidden
"""

# Nobody may be heard again by their own word.
MUTING = """
                 co_owner   other_moderator other      silenced   oneself    stranger   nobody
    owner        forbidden  ok              ok         ok         forbidden  not_found  not_found
    moderator    forbidden  forbidden       ok         ok         forbidden  not_found  not_found
    member       forbidden  forbidden       forbidden  forbidden  forbidden  forbidden  forbidden
    muted        forbidden  forbidden       forbidden  forbidden  forbidden  forbidden  forbidden
"""

BANNING = """
                 co_owner   other_moderator other      oneself    stranger   banned     nobody
    owner        forbidden  ok              ok         forbidden  ok         ok         invalid
    moderator    forbidden  forbidden       ok         forbidden  ok         ok         invalid
    member       forbidden  forbidden       forbidden  forbidden  forbidden  forbidden  forbidden
"""

UNBANNING = """
                 other      stranger   banned     nobody
    owner        ok         ok         ok         ok
    moderator    ok         ok         ok         ok
    member       forbidden  forbidden  forbidden  forbidden
"""

# Who is banned is not let in by the back door.
ADDING = """
                 co_owner   other      oneself    stranger   ex_member  banned     nobody
    owner        ok         ok         ok         ok         ok         invalid    invalid
    moderator    ok         ok         ok         ok         ok         invalid    invalid
    member       forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden
"""

# Owners are equals in this: each may make others what they like. Nobody else makes anybody anything.
ROLES = """
                 co_owner   other_moderator other      oneself    stranger   nobody
    owner        ok         ok              ok         ok         not_found  not_found
    moderator    forbidden  forbidden       forbidden  forbidden  forbidden  forbidden
    member       forbidden  forbidden       forbidden  forbidden  forbidden  forbidden
    muted        forbidden  forbidden       forbidden  forbidden  forbidden  forbidden
"""

# Whoever may read a room may look at each of its members.
READING = """
                 co_owner   other      oneself    stranger   nobody
    owner        ok         ok         ok         not_found  not_found
    member       ok         ok         ok         not_found  not_found
"""

_UNTIL = {"until": "2099-01-01T00:00:00Z"}
_MEMBER = "rooms/{room}/members/{user}/"

# The route, what it is told, and who may do it to whom.
TABLES = [
    (f"DELETE {_MEMBER}", {}, REMOVING),
    (f"PUT {_MEMBER}mute/", _UNTIL, MUTING),
    (f"DELETE {_MEMBER}mute/", {}, MUTING),
    (f"PATCH {_MEMBER}", {"role": "owner"}, ROLES),
    (f"PATCH {_MEMBER}", {"role": "moderator"}, ROLES),
    (f"PATCH {_MEMBER}", {"role": "member"}, ROLES),
    (f"GET {_MEMBER}", {}, READING),
    ("POST rooms/{room}/transfer/", {"user": "{user}"}, ROLES),
    ("POST rooms/{room}/members/", {"user": "{user}"}, ADDING),
    ("POST rooms/{room}/bans/", {"user": "{user}"}, BANNING),
    ("DELETE rooms/{room}/bans/{user}/", {}, UNBANNING),
]


def cells(table: str) -> list[tuple[str, str, str]]:
    """Who, whom, and what becomes of it."""
    (whom, *lines) = [line.split() for line in table.strip().splitlines()]
    return [(who, name, outcome) for who, *outcomes in lines for name, outcome in zip(whom, outcomes, strict=True)]

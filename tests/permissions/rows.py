"""What a row of the permission matrix says."""

from dataclasses import dataclass, field
from typing import Any

from tests.permissions.rules import Rule


@dataclass(frozen=True)
class Row:
    """`own`: the message is the actor's, else it is another's. `user` is who is acted upon. `changes`: the kind of room
    where this leaves a trace, for whoever may; None: nowhere. `tells`: who finds the room in the answer, where `proof`
    is seen. `room`: columns of it that are not as usual. `note` tells rows of the same operation apart."""

    rest: str | None
    command: str | None
    rule: Rule
    body: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] | None = None
    own: bool = False
    user: str = "other"
    emoji: str = "🎉"
    changes: str | None = "public"
    tells: Rule | None = None
    proof: str = "{secret}"
    room: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.rest or self.command, self.note)))

    @property
    def doors(self) -> list[str]:
        return [door for door, through in (("rest", self.rest), ("socket", self.command)) if through]


def rest(route: str, rule: Rule, body: dict[str, Any] | None = None, **said: Any) -> Row:
    return both(route, None, rule, body, **said)


def both(route: str, type: str | None, rule: Rule, body: dict[str, Any] | None = None, **said: Any) -> Row:
    """A route and a command that do the same thing: one row, one rule. A command says what the body says, if not
    `fields`, and the ids that it must."""
    if route.startswith("GET ") or "ok" not in rule.usual:
        said.setdefault("changes", None)
    return Row(route, type, rule, body or {}, **said)


def command(type: str, rule: Rule, **fields: Any) -> Row:
    """One that leaves no trace: what does has a route, too."""
    named = {name: fields.pop(name) for name in ("note", "tells", "proof") if name in fields}
    return Row(None, type, rule, fields=fields, changes=None, **named)

"""Who is where in a scenario: rooms, people with tokens, and the seats that sockets take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """What a scenario needs provisioned. Person i belongs to room i modulo `rooms`, or to every room."""

    rooms: int
    people: int
    everywhere: bool = False


@dataclass(frozen=True)
class Seat:
    """One socket: whose, and at which room. One that is not `listening` only sends."""

    token: str
    room: str
    listening: bool = True
    since: int | None = None


@dataclass(frozen=True)
class Site:
    """What was provisioned: the rooms' ids, and a token per person."""

    rooms: list[str]
    tokens: list[str]

    def seat(self, person: int, *, listening: bool = True) -> Seat:
        return Seat(self.tokens[person], self.rooms[person % len(self.rooms)], listening)

    def seats(self, people: range, *, listening: bool = True) -> list[Seat]:
        return [self.seat(person, listening=listening) for person in people]

"""What a store promises, written down plainly: who said what, and whose lease goes on."""

from dataclasses import dataclass, field
from uuid import UUID

LEASE, LATE = 9, 4.5


@dataclass
class Term:
    ends: float
    serial: int = 0
    said: dict[tuple[UUID, UUID], str] = field(default_factory=dict)


class Reference:
    """`since` is when somebody came whom no other term held: a number that the tests make distinct."""

    def __init__(self) -> None:
        self.now = 0.0
        self.terms: dict[str, Term] = {}
        self.since: dict[tuple[UUID, UUID], tuple[int, str]] = {}

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def begin(self, worker: str) -> None:
        self.terms[worker] = Term(self.now + LEASE)

    def write(self, worker, serial, arrivals, departures) -> bool:
        term = self.terms.get(worker)
        if term is None or term.serial not in (serial, serial - 1):
            return False
        if term.serial == serial:
            return True
        term.serial = serial
        for room_id, user_id, username, since in arrivals:
            term.said[room_id, user_id] = username
            self.since.setdefault((room_id, user_id), (since, username))
        for pair in departures:
            term.said.pop(pair, None)
        self._forget()
        return True

    def renew(self, worker, serial):
        term = self.terms.get(worker)
        if term is None or term.serial != serial:
            return None
        lately = term.ends - self.now > LEASE - LATE
        term.ends = self.now + LEASE
        return sorted(name for name, each in self.terms.items() if each.ends <= self.now) if lately else []

    def clear(self, worker) -> set[UUID]:
        term = self.terms.get(worker)
        return self.end(worker) if term is not None and term.ends <= self.now else set()

    def end(self, worker) -> set[UUID]:
        term = self.terms.pop(worker, Term(0))
        self._forget()
        return {room_id for room_id, _ in term.said}

    def living(self) -> set[str]:
        return {name for name, term in self.terms.items() if term.ends > self.now - LATE}

    def users(self, room_id: UUID) -> dict[UUID, tuple[int, str]]:
        return {user_id: said for (room, user_id), said in self.since.items() if room == room_id}

    def holders(self, room_id: UUID, user_id: UUID) -> set[str]:
        return {name for name, term in self.terms.items() if (room_id, user_id) in term.said}

    def _forget(self) -> None:
        held = {pair for term in self.terms.values() for pair in term.said}
        self.since = {pair: said for pair, said in self.since.items() if pair in held}

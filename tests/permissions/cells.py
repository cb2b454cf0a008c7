"""Trying the cells of one row, in one kind of room, through one door."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from core.ids import uuid7
from tests.permissions.doors import DOORS, Answer, Rest, Socket, fill
from tests.permissions.house import House
from tests.permissions.rows import Row
from tests.permissions.rules import SETTINGS


def cases(table: Iterable[Row], settings: Iterable[str] = SETTINGS, *, one_door: bool = False) -> list[Any]:
    """The parameters of a test: door, row and setting; `one_door` is a command where there is one."""
    return [
        pytest.param(door, row, setting, id=f"{door} {row.name} {setting}")
        for row in table
        for door in (row.doors[-1:] if one_door else row.doors)
        for setting in settings
    ]


def wrong(house: House, door: str, row: Row, name: str) -> list[str]:
    """What is not as the table has it, in words, role by role."""
    found = []
    traces = ""
    for worker, role in enumerate(SETTINGS[name].roles):
        cell = Cell(house, door, row, name, role, worker)
        found += [f"{role}: {each}" for each in cell.wrong()]
        traces += cell.trace
    if row.changes == name and not traces:
        found.append("nobody has changed anything: this row tries nothing")
    return found


class Cell:
    """One person's try. `trace` is what it has changed."""

    def __init__(self, house: House, door: str, row: Row, setting: str, role: str, worker: int = 0) -> None:
        self.house, self.door, self.row, self.role, self.worker = house, door, row, role, worker
        self.setting = SETTINGS[setting]
        self.place = house.world(self.setting, **row.room)
        self.names = house.names(role, self.place, row)
        self.trace = ""

    def wrong(self) -> list[str]:
        self.house.expect_no_traces()
        try:
            answer, leaks = self._try()
            self.trace = self.house.traces()
        except BaseException:
            self.house.leave(self.place)
            raise
        if self.trace:
            self.house.leave(self.place)
        return [*self._wrong(answer), *leaks]

    def _try(self) -> tuple[Answer, list[str]]:
        with DOORS[self.door](self.house, self.house.person(self.role), self.worker) as asking:
            answer = asking.ask(self.row, self.names)
            return answer, [] if self.setting.shows_itself_to(self.role) else list(self._leaks(asking, answer))

    def _wrong(self, answer: Answer) -> Iterator[str]:
        expected = self.row.rule.outcome(self.role, self.setting)
        if answer.code != expected:
            yield f"{answer.code}, and should be {expected}"
        if self.trace and answer.code != "ok":
            yield f"refused, and yet it has changed {self.trace}"
        if self.trace and answer.code == "ok" and self.row.changes is None:
            yield f"this should change nothing, and has changed {self.trace}"
        if self.row.tells is not None and answer.code == "ok":
            tells = fill(self.row.proof, self.names) in answer.told
            if tells != (self.row.tells.outcome(self.role, self.setting) == "ok"):
                yield "is told of the room" if tells else "is not told of the room"

    def _leaks(self, asking: Rest | Socket, answer: Answer) -> Iterator[str]:
        """To those who may not know of it, a room that is and one that never was are the same."""
        if not asking.names_a_room(self.row):
            return
        nowhere = str(uuid7())
        of_none = asking.ask(self.row, self.names | {"room": nowhere})
        if answer.told.replace(self.names["room"], nowhere) != of_none.told:
            yield f"can tell it from a room that never was: {answer.told} / {of_none.told}"

"""The same rules without PostgreSQL and without Redis: every operation, in a public room, where the answers differ
most; and what tells of a room, for a private one."""

import pytest

from tests.permissions.cells import cases, wrong
from tests.permissions.table import LISTS, SUBSCRIBING, TABLE

CASES = [*cases(TABLE, ["public"], one_door=True), *cases(LISTS + SUBSCRIBING, ["private"])]


@pytest.mark.parametrize(("door", "row", "setting"), CASES)
def test_who_may(embedded_house, door, row, setting):
    assert not wrong(embedded_house, door, row, setting)

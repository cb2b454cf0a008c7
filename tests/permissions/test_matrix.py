"""Every operation, through each of its doors, by everybody, in every kind of room: as the table says, and no trace of
what was refused."""

import pytest

from tests.permissions.cells import cases, wrong
from tests.permissions.table import TABLE


@pytest.mark.parametrize(("door", "row", "setting"), cases(TABLE))
def test_who_may(cluster_house, door, row, setting):
    assert not wrong(cluster_house, door, row, setting)

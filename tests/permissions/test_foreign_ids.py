"""What is in a room that one may not see is not reached through a room that one may see."""

import pytest

from core.ids import uuid7
from tests.permissions.cells import cases
from tests.permissions.doors import DOORS
from tests.permissions.rules import SETTINGS
from tests.permissions.table import TABLE


@pytest.mark.parametrize(
    ("door", "row", "setting"), cases([row for row in TABLE if "{message}" in f"{row.rest} {row.body}"], ["public"])
)
def test_another_room_s_message_is_as_one_that_never_was(cluster_house, door, row, setting):
    """To an owner, who may do everything in the room that they name."""
    here, there = cluster_house.world(SETTINGS[setting]), cluster_house.world(SETTINGS["direct"])
    names = cluster_house.names("co_owner", here, row)
    theirs, nobodys = str(there.messages["other"].id), str(uuid7())
    cluster_house.expect_no_traces()
    with DOORS[door](cluster_house, cluster_house.person("co_owner"), 0) as asking:
        answer = asking.ask(row, names | {"message": theirs})
        of_none = asking.ask(row, names | {"message": nobodys})
    assert cluster_house.traces() == ""
    assert answer.code in ("not_found", "invalid")
    assert answer.told.replace(theirs, nobodys) == of_none.told

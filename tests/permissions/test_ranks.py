"""Who may act upon whom."""

import pytest

from tests.permissions import ranks
from tests.permissions.cells import Cell
from tests.permissions.doors import Rest
from tests.permissions.rows import rest
from tests.permissions.rules import SETTINGS, Rule


def _row(route, body, whom, expected):
    return rest(route, Rule(f"{expected} " * 5), body, user=whom)


TABLES = [pytest.param(*each, id=f"{each[0]} {each[1].get('role', '')}") for each in ranks.TABLES]


@pytest.mark.parametrize("kind", ["public", "private"])
@pytest.mark.parametrize(("route", "body", "table"), TABLES)
def test_who_may_act_upon_whom(cluster_house, route, body, table, kind):
    wrong = {}
    for who, whom, expected in ranks.cells(table):
        found = Cell(cluster_house, "rest", _row(route, body, whom, expected), kind, who).wrong()
        if found:
            wrong[who, whom] = found
    assert not wrong


ROLE = "PATCH rooms/{room}/members/{user}/"
LAST = {
    "leaving": ("POST rooms/{room}/leave/", {}),
    "taking oneself out": ("DELETE rooms/{room}/members/{user}/", {}),
    "a moderator": (ROLE, {"role": "moderator"}),
    "a member": (ROLE, {"role": "member"}),
}


@pytest.mark.parametrize(("route", "body"), LAST.values(), ids=LAST)
def test_a_room_keeps_an_owner(cluster_house, route, body):
    asking = Rest(cluster_house, cluster_house.person("owner"), 0)
    last, leave = _row(ROLE, {"role": "member"}, "co_owner", "ok"), _row(route, body, "oneself", "last_owner")
    with cluster_house.borrowed(SETTINGS["private"]) as place:
        assert asking.ask(last, cluster_house.names("owner", place, last)).code == "ok"
        cluster_house.expect_no_traces(anew=True)
        assert asking.ask(leave, cluster_house.names("owner", place, leave)).code == "last_owner"
        assert cluster_house.traces() == ""

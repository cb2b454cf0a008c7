"""What is about oneself: who is signed in may, and nobody else; and who may not leaves no trace."""

import pytest

from core.ids import uuid7
from tests.permissions.accounts_table import ACCOUNTS
from tests.permissions.doors import Rest
from tests.permissions.people import NOBODY
from tests.permissions.rules import SETTINGS


def _ask(house, row, role):
    """By a newcomer, or by nobody, about one."""
    person, somebody_else = house.newcomer(), house.newcomer()
    names = {
        "name": person.row.username,
        "refresh": person.refresh,
        "device": (person if row.own else somebody_else).device,
        "fresh": f"fresh-{person.row.username}",
    }
    house.expect_no_traces(anew=True)
    answer = Rest(house, person if role == "member" else NOBODY, 0).ask(row, names)
    return answer.code, house.traces()


@pytest.mark.parametrize("row", ACCOUNTS, ids=lambda row: row.name)
@pytest.mark.parametrize("role", ["member", "anonymous"])
def test_who_may(cluster_house, row, role):
    code, traces = _ask(cluster_house, row, role)
    assert code == row.rule.outcome(role, SETTINGS["private"])
    assert bool(traces) == (code == "ok" and row.changes is not None), traces


def test_somebody_else_s_device_is_as_one_that_never_was(cluster_house):
    person, other = cluster_house.newcomer(), cluster_house.newcomer()
    row = next(row for row in ACCOUNTS if row.name == "DELETE auth/devices/{device}/")
    asking = Rest(cluster_house, person, 0)
    assert asking.ask(row, {"device": other.device}) == asking.ask(row, {"device": str(uuid7())})

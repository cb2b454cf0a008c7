"""No route, no method and no command is without its row; no row is of something that there is no more."""

from tests.permissions import coverage
from tests.permissions.accounts_table import ACCOUNTS
from tests.permissions.doors import COMMANDS
from tests.permissions.table import TABLE

ROUTES = {row.rest.partition("?")[0] for row in [*TABLE, *ACCOUNTS] if row.rest}
NAMED = {row.command for row in TABLE if row.command}


def test_every_route_and_method_has_a_row():
    missing = [f'rest("{route}", WHO?),' for route in sorted(coverage.routes() - ROUTES)]
    assert not missing, "\n".join(["say in tests/permissions/table.py who may:", *missing])


def test_every_command_has_a_row():
    missing = [f'command("{name}", WHO?),' for name in sorted(COMMANDS.keys() - NAMED)]
    assert not missing, "\n".join(["say in tests/permissions/table.py who may, like what route:", *missing])


def test_every_row_is_of_something_that_is_there():
    assert not ROUTES - coverage.routes()
    assert not NAMED - COMMANDS.keys()


def test_no_two_rows_are_named_alike():
    names = [row.name for row in [*TABLE, *ACCOUNTS]]
    assert sorted(set(names)) == sorted(names)

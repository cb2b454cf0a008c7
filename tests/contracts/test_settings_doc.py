"""docs/settings.md has every variable and every number that can be set, with its default."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from config.settings import base
from tests.contracts.test_architecture import PROJECT

# Their defaults are computed, so the table has words for them.
_IN_WORDS = {"DATABASE_URL", "WORKERS", "WEB_CONCURRENCY", "DJANGO_SETTINGS_MODULE"}
_UNITS = {"s": 1, "min": 60, "days": 86_400}
# These only pass on what a variable says.
_OF_THE_ENVIRONMENT = {"REALTIME_DRAIN_SECONDS", "EMAIL_PORT", "EMAIL_TIMEOUT"}


def _rows() -> dict[str, list[str]]:
    """Return the cells behind the name of each row."""
    lines = (PROJECT / "docs/settings.md").read_text().splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    names = [row[0].strip("`") for row in found]
    assert len(names) == len(set(names))
    return {name: row[1:] for name, row in zip(names, found, strict=True)}


def _tree(name: str) -> ast.Module:
    return ast.parse((PROJECT / "config" / name).read_text())


def _constants(node: ast.AST) -> list[Any]:
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]


def _calls(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        yield ast.unparse(call.func), call


def _production(function: str) -> Any:
    """Return the default that production settings, or else the base settings, give to a function of config/env.py."""
    for module in ("settings/prod.py", "settings/base.py"):
        for name, call in _calls(_tree(module)):
            values = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
            if name == f"env.{function}" and values and ast.unparse(values[0]) not in ("''",):
                return ast.literal_eval(values[0])
    raise AssertionError(f"nothing calls env.{function}(default=…)")


def _variables() -> dict[str, Any]:
    """Return each variable that config/env.py reads, with its default; None for those in words."""
    found: dict[str, Any] = {}
    functions = [node for node in _tree("env.py").body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        for called, call in _calls(function):
            reads = called in ("_number", "_list", "_env.str", "_env.bool", "os.environ.setdefault")
            if reads and call.args and isinstance(call.args[0], ast.Constant):
                name = str(call.args[0].value)
                found[name] = None if name in _IN_WORDS else _default(function, call)
    return found


def _default(function: ast.FunctionDef, call: ast.Call) -> Any:
    given = call.args[1] if len(call.args) > 1 else next((each.value for each in call.keywords), ast.Constant(""))
    returned = next(node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    if isinstance(returned, ast.BoolOp):  # `… or default`
        given = returned.values[-1]
    return _production(function.name) if isinstance(given, ast.Name) else ast.literal_eval(given)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    return f"`{value}`" if value not in ("", []) else "none"


def _number(cell: str) -> float:
    return float(cell.strip("`").replace(" ", ""))


def _numbers() -> dict[str, float | timedelta]:
    found = {name: value for name, value in vars(base).items() if name.isupper() and name not in _OF_THE_ENVIRONMENT}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, int | float | timedelta) and not isinstance(value, bool)
    }


def test_every_variable_has_a_row_with_its_default():
    rows, variables = _rows(), _variables()
    assert len(variables) > 25
    assert {name for name in variables if name not in rows} == set()
    differ = {name for name, default in variables.items() if default is not None and rows[name][0] != _written(default)}
    assert differ == set()


def test_every_number_has_a_row_with_its_default_and_unit():
    rows, numbers = _rows(), _numbers()
    assert len(numbers) > 35
    assert {name for name in numbers if name not in rows} == set()
    for name, value in numbers.items():
        default, unit, meaning = rows[name]
        seconds = value.total_seconds() / _UNITS[unit] if isinstance(value, timedelta) else value
        assert (_number(default), bool(unit), bool(meaning)) == (seconds, True, True), name


def test_every_rate_has_a_row_with_its_numbers():
    rows = _rows()
    for name, numbers in (base.RATES | base.DELAYS).items():
        assert [_number(cell) for cell in rows[name][: len(numbers)]] == list(numbers), name


def test_no_row_is_of_something_that_cannot_be_set():
    known = {*_variables(), *_numbers(), *base.RATES, *base.DELAYS}
    assert set(_rows()) - known == set()

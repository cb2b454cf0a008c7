"""What the import contracts can't see, held by the syntax tree."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("accounts", "api", "chat", "config", "core", "realtime")


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders or ROOMS:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(PROJECT)), ast.parse(path.read_text())


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (alias.name for alias in node.names)


def users_of(*words: str) -> set[str]:
    return {path for path, tree in modules() if set(words) & set(names(tree))}


def test_one_door_to_the_channel_layer_for_sending():
    assert users_of("group_send") == {"core/announcer.py"}


def test_one_module_listens_on_the_channel_layer():
    assert users_of("group_add", "group_discard", "new_channel") == {"realtime/delivery/layer_listener.py"}


def test_one_door_from_async_to_sync():
    doors = users_of("sync_to_async", "database_sync_to_async", "to_thread", "run_in_executor", "async_to_sync")
    assert doors == {"realtime/concurrency/threads.py"}


def test_one_module_reads_the_environment():
    assert users_of("environ", "getenv") <= {"config/env.py", "config/services.py"}
    readers = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    }
    assert readers == {"config/env.py"}


WRITES = {"save", "create", "bulk_create", "update_or_create", "get_or_create", "bulk_update", "delete", "update"}


# Modules of the domain that a skin may use beside its one call: they hold no rule.
NO_RULES = {"errors", "fields", "models", "schemas", "validation", "wire", "wire_types"}
DOMAIN = {Path(path).stem for path, _ in modules("accounts", "chat")} - NO_RULES
# Has an `update`, and is no model.
PLAIN = {"globals()"}


def method_calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(what, method) of every call of something's method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr


def test_only_the_domain_writes_to_models():
    for path, tree in modules("api", "config", "realtime"):
        calls = [call for call in method_calls(tree) if call[0] not in DOMAIN | PLAIN]
        written = {f"{what}.{method}" for what, method in calls if method in WRITES}
        assert not written, f"{path} writes: {written}"
        assert "objects" not in set(names(tree)), f"{path} queries models"


def test_a_view_makes_one_domain_call():
    for path, tree in modules("api/views"):
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            calls = [call for call in method_calls(function) if call[0] in DOMAIN]
            assert len(calls) <= 1, f"{path}:{function.name} calls {calls}"


def test_files_and_functions_stay_small():
    for path, tree in modules():
        lines = (PROJECT / path).read_text().count("\n")
        assert lines <= 300, f"{path} has {lines} lines"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 50, f"{path}:{node.name} has {length} lines"


def test_every_module_says_what_it_is_for():
    for path, tree in modules():
        if (PROJECT / path).stat().st_size and not path.endswith("apps.py"):
            assert ast.get_docstring(tree), f"{path} has no docstring"


def _imported(tree: ast.Module) -> Iterator[str]:
    """Return what a module imports, inside functions too: `a.b` for `import a.b` and `from a import b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_imports_itself_by_way_of_others():
    trees = {path.removesuffix(".py").replace("/", "."): tree for path, tree in modules()}
    graph = {name: set(_imported(tree)) & trees.keys() - {name} for name, tree in trees.items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, with the cycle
    assert len(order) > 200

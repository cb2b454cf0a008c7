"""Text that users, client authors and operators read: full sentences about roles, without the idioms of this project.

It ends up in generated clients, in messages to end users, and in logs.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.contracts.test_architecture import PROJECT

_PACKAGES = ("accounts", "api", "chat", "config", "core", "realtime")
_IDIOM = re.compile(
    r"\b((some|no|every|any)body|whoever|oneself|told|tells|said|heard|hears|hear|for ever|yours)\b", re.IGNORECASE
)
_LOGS = {"debug", "info", "warning", "error", "exception"}


def _documented(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Return each summary and description of a document, with where it stands."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _documented(item, f"{at}/{index}")
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("summary", "description") and isinstance(value, str):
                yield f"{at}/{key}", value
            else:
                yield from _documented(value, f"{at}/{key}")


def _text(node: ast.expr) -> str | None:
    """Return a literal text, with a digit in place of what an f-string fills in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Return each call in the product's code, with its file and line and the last part of the called name."""
    for package in _PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                    yield f"{path.relative_to(PROJECT)}:{node.lineno}", name, node


def _errors() -> Iterator[tuple[str, str]]:
    """Return the detail of each error class, and of each violation."""
    for package in _PACKAGES:
        for path in sorted((PROJECT / package).rglob("errors.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail" and _text(node.value):
                    yield f"{path.relative_to(PROJECT)}:{node.lineno}", _text(node.value) or ""
    for at, name, call in _calls():
        if name in ("Violation", "invalid", "Forbidden", "LimitExceeded", "RateLimited", "Unavailable"):
            yield from ((at, text) for text in map(_text, call.args[-1:]) if text and " " in text)


def _logged() -> Iterator[tuple[str, str]]:
    """Return each log line, and each help text of a command."""
    for at, name, call in _calls():
        if name in _LOGS and call.args and (text := _text(call.args[0])):
            yield at, text
        yield from ((at, text) for word in call.keywords if word.arg == "help" and (text := _text(word.value)))


def _idioms(texts: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    found = list(texts)
    assert len(found) > 20
    return [(at, text) for at, text in found if _IDIOM.search(text)]


@pytest.mark.parametrize("name", ["openapi", "openapi-accounts", "asyncapi"])
def test_documents_are_in_plain_words(name):
    document = yaml.safe_load((PROJECT / f"openapi/{name}.yaml").read_text())
    assert _idioms(_documented(document)) == []


def test_every_operation_has_a_summary_that_begins_with_a_verb():
    paths = yaml.safe_load((PROJECT / "openapi/openapi.yaml").read_text())["paths"]
    operations = {(path, method): operation for path, item in paths.items() for method, operation in item.items()}
    named = {key: operation.get("summary", "") for key, operation in operations.items()}
    # "List", "Send": a capital, no full stop, and no article, pronoun or adjective in front.
    assert {
        key: summary
        for key, summary in named.items()
        if not re.fullmatch(r"(?!The |A |An |All )[A-Z][a-z]+ .*[^.]", summary)
    } == {}


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_descriptions_are_sentences(name):
    document = yaml.safe_load((PROJECT / f"openapi/{name}.yaml").read_text())
    texts = [(at, text) for at, text in _documented(document) if at.endswith("/description")]
    unfinished = [(at, text) for at, text in texts if not text.rstrip().endswith((".", "`", "This server"))]
    assert unfinished == []


def test_errors_are_sentences_in_plain_words():
    assert _idioms(_errors()) == []
    assert [(at, text) for at, text in _errors() if not (text[0].isupper() and text.endswith("."))] == []


def test_logs_and_helps_are_in_plain_words():
    assert _idioms(_logged()) == []

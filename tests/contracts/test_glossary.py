"""The glossary can be read: two cells a row, each term once, in order, and used outside the glossary."""

import re
import subprocess

import pytest

from tests.contracts.test_architecture import PROJECT

_PRODUCT = (
    "accounts",
    "api",
    "chat",
    "clients",
    "config",
    "core",
    "deploy",
    "docs",
    "openapi",
    "realtime",
    "README.md",
)


def _rows() -> list[list[str]]:
    lines = (PROJECT / "docs/glossary.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def _term(row: list[str]) -> str:
    """Return the term without the spelling that the code has for it: `presence store (`attendance`)`."""
    return re.sub(r" \(`.*`\)$", "", row[0])


@pytest.fixture(scope="module")
def words() -> str:
    """Return the product's code and documents, without the glossary, in lower case and with single spaces."""
    listed = subprocess.run(["git", "ls-files", *_PRODUCT], cwd=PROJECT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.splitlines() if name != "docs/glossary.md"]
    texts = [(PROJECT / name).read_text() for name in names if name.endswith((".py", ".md", ".yaml"))]
    return re.sub(r"\s+", " ", " ".join(texts)).lower()


def test_every_row_has_a_term_and_a_meaning():
    rows = _rows()
    assert len(rows) > 50
    assert [row for row in rows if len(row) != 2 or not all(row)] == []


def test_terms_are_unique_and_sorted():
    terms = [_term(row).lower() for row in _rows()]
    assert terms == sorted(set(terms))


def test_every_term_is_used_outside_the_glossary(words: str):
    unused = []
    for row in _rows():
        spellings = re.findall(r"`([^`]+)`", row[0]) or row[0].split(", ")
        unused += [each for each in spellings if not re.search(rf"\b{re.escape(each.lower())}(s|ed)?\b", words)]
    assert unused == []

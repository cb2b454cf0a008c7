"""The pages that list files and folders list all of them, and lead only to what exists."""

import re
from pathlib import Path

import pytest

from tests.contracts.test_architecture import PROJECT

_PAGES = [
    "README.md",
    "SECURITY.md",
    "tests/README.md",
    "docs/adr/README.md",
    "docs/architecture.md",
    "docs/presence.md",
    "docs/settings.md",
]


def _links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (PROJECT / page).read_text()))


def test_every_decision_is_in_the_index():
    records = {path.name for path in (PROJECT / "docs/adr").glob("[0-9]*.md")}
    assert records - _links("docs/adr/README.md") == set()


def test_every_module_is_in_the_map():
    """`accounts/tokens.py` by itself, `api/views/` for all that is in it."""
    mapped = set(re.findall(r"^\| `(\w+/\w+(?:\.py|/))` \|", (PROJECT / "docs/architecture.md").read_text(), re.M))
    packages = ("accounts", "api", "chat", "config", "realtime")
    there = {path.relative_to(PROJECT).as_posix() for package in packages for path in (PROJECT / package).glob("*.py")}
    there |= {
        f"{path.parent.relative_to(PROJECT)}/" for package in packages for path in PROJECT.glob(f"{package}/*/*.py")
    }
    plain = {path for path in there if path.endswith(("/__init__.py", "/apps.py", "/migrations/"))}
    assert mapped == there - plain


def test_the_architecture_is_read_at_one_go():
    assert len((PROJECT / "docs/architecture.md").read_text().splitlines()) <= 300


def test_every_folder_of_tests_is_in_the_map():
    folders = {path.parent.name for path in (PROJECT / "tests").glob("*/test_*.py")}
    text = (PROJECT / "tests/README.md").read_text()
    assert set(re.findall(r"^\| \[(\w+)\]", text, re.MULTILINE)) == folders


def test_the_map_of_tests_names_only_what_exists():
    text = (PROJECT / "tests/README.md").read_text()
    named = re.findall(r"`([a-z_0-9]+/test_\w+\.py)`", text)
    assert [name for name in named if not (PROJECT / "tests" / name).exists()] == []


@pytest.mark.parametrize("page", _PAGES)
def test_links_lead_to_files_that_exist(page: str):
    folder = (PROJECT / page).parent
    assert [link for link in _links(page) if not Path(folder, link).exists()] == []

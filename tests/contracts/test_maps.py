"""The pages that list files and folders list all of them, and lead only to what exists."""

import re
from pathlib import Path

import pytest

from tests.contracts.test_architecture import PROJECT, ROOMS, modules

_PAGES = [
    "README.md",
    "SECURITY.md",
    "tests/README.md",
    "docs/adr/README.md",
    "docs/architecture.md",
    "docs/modules.md",
    "docs/presence.md",
    "docs/settings.md",
]


def _links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (PROJECT / page).read_text()))


def test_every_decision_is_in_the_index():
    records = {path.name for path in (PROJECT / "docs/adr").glob("[0-9]*.md")}
    assert records - _links("docs/adr/README.md") == set()


# The row of such a folder stands for its modules, which are all of one kind.
_FOLDERS = ("api/factors/", "api/views/", "accounts/factors/", "config/formats/", "config/settings/")


def _needs_a_row(module: str) -> bool:
    is_generated = "/migrations/" in module or module.endswith(("__init__.py", "apps.py"))
    return not is_generated and "/management/commands/" not in module and not module.startswith(_FOLDERS)


def test_every_module_is_in_the_map():
    mapped = set(re.findall(r"^\| `([\w/]+\.py)` \|", (PROJECT / "docs/modules.md").read_text(), re.MULTILINE))
    assert mapped == {path for path, _ in modules() if _needs_a_row(path)}


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
    packages = "|".join(ROOMS)
    changed = re.findall(rf"`((?:{packages})/[\w/]*(?:\.py)?)`", text)
    assert [name for name in changed if "/test_" not in name and not (PROJECT / name).exists()] == []


@pytest.mark.parametrize("page", _PAGES)
def test_links_lead_to_files_that_exist(page: str):
    folder = (PROJECT / page).parent
    assert [link for link in _links(page) if not Path(folder, link).exists()] == []

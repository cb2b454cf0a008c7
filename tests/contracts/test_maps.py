"""The pages that list files and folders list all of them, and lead only to what exists."""

import re
from pathlib import Path

import pytest

from tests.contracts.test_architecture import PROJECT

_PAGES = ["docs/adr/README.md", "docs/presence.md", "docs/settings.md"]


def _links(page: str) -> set[str]:
    return set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (PROJECT / page).read_text()))


def test_every_decision_is_in_the_index():
    records = {path.name for path in (PROJECT / "docs/adr").glob("[0-9]*.md")}
    assert records - _links("docs/adr/README.md") == set()


@pytest.mark.parametrize("page", _PAGES)
def test_links_lead_to_files_that_exist(page: str):
    folder = (PROJECT / page).parent
    assert [link for link in _links(page) if not Path(folder, link).exists()] == []

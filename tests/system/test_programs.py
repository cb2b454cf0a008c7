"""Every program that the system tests need is installed: a missing one fails the run instead of skipping tests."""

import os

import pytest

from tests.system.programs import PACKAGES, MissingProgram, require_program


@pytest.mark.parametrize("name", PACKAGES)
def test_program_is_installed(name):
    assert os.access(require_program(name), os.X_OK)


def test_a_missing_program_names_its_package(monkeypatch):
    monkeypatch.setitem(PACKAGES, "no-such-program", "its-package")
    with pytest.raises(MissingProgram, match="no-such-program is not installed: apt-get install its-package"):
        require_program("no-such-program")

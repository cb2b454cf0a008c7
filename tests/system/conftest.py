"""A certificate, the static files, and folders that a program which gives up root's rights can read."""

import pytest

from tests.servers import PROJECT, manage
from tests.system import nginx


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return nginx.certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def static_files():
    manage("collectstatic", "--noinput", "--verbosity", "0")
    return PROJECT / "var" / "static"

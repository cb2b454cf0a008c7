"""Alice, signed in on her phone."""

import pytest

from accounts import devices, users
from tests.client import PASSWORD


@pytest.fixture
def alice():
    return users.register(username="alice", password=PASSWORD)


@pytest.fixture
def grant(alice):
    return devices.login(username="alice", password=PASSWORD, name="phone", address="127.0.0.1")

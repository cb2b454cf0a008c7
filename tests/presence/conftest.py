"""A store of either kind."""

import pytest

from tests.presence.stores import STORES


@pytest.fixture(params=STORES, ids=["memory", "redis"])
def store(request):
    made = request.param()
    yield made
    made.close()

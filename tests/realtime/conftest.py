import pytest

from tests.client import Site
from tests.realtime.doors import RestDoor, SocketDoor
from tests.servers import OTHERS


@pytest.fixture(params=[RestDoor(), SocketDoor()], ids=lambda door: door.name)
def door(request):
    return request.param


@pytest.fixture(params=["embedded", "cluster", *OTHERS])
async def site(request):
    """Roomwire in both its shapes, and embedded under servers that offer it no fast path."""
    closes = {1003: 1000, 1009: 1000} if request.param == "daphne" else {}
    async with Site(request.getfixturevalue(f"{request.param}_urls"), closes=closes).open() as opened:
        yield opened

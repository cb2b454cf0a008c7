import pytest

from tests.realtime.doors import RestDoor, SocketDoor


@pytest.fixture(params=[RestDoor(), SocketDoor()], ids=lambda door: door.name)
def door(request):
    return request.param

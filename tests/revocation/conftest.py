import pytest

from tests.client import Site
from tests.revocation.live import workers


@pytest.fixture(scope="session")
def running(folder, postgres_database):
    """Two workers as in production, which ask after everybody so seldom that only announcements can be quick."""
    with workers("revocation", folder, postgres_database()) as running:
        yield running


@pytest.fixture
async def site(running):
    async with Site(running.urls).open() as opened:
        yield opened

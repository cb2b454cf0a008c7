import pytest

from tests.clients import toolchains
from tests.clients.scenario import require_scenario

# Generating, compiling and running a client takes seconds, and minutes where the machine is busy with something else.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("language", ["java", "typescript", "python"])
def test_a_generated_client_runs_the_scenario(language, tmp_path, cluster_urls):
    require_scenario(getattr(toolchains, language)(tmp_path), cluster_urls[0])

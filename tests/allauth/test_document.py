"""The OpenAPI document with allauth in it: valid, checked in, and the same as the code makes."""

import yaml
from openapi_spec_validator import validate

from tests.contracts.test_architecture import PROJECT
from tests.servers import manage

GOLDEN = PROJECT / "openapi" / "openapi-accounts.yaml"
DEFAULT = PROJECT / "openapi" / "openapi.yaml"


def document(path):
    return yaml.safe_load(path.read_text())


def operations(content):
    return [each for path in content["paths"].values() for each in path.values()]


def test_the_document_is_valid_openapi():
    content = document(GOLDEN)
    assert content["openapi"].startswith("3.1")
    validate(content)


def test_the_document_is_the_code_s(tmp_path, extra_embedded):
    now = tmp_path / "now.yaml"
    manage("spectacular", "--validate", "--fail-on-warn", "--file", str(now), **extra_embedded)
    assert now.read_text() == GOLDEN.read_text()


def test_it_is_the_default_one_and_more():
    ours, more = document(DEFAULT), document(GOLDEN)
    assert {path: more["paths"].get(path) for path in ours["paths"]} == ours["paths"]
    schemas = ours["components"]["schemas"]
    assert {name: more["components"]["schemas"].get(name) for name in schemas} == schemas
    added = set(more["paths"]) - set(ours["paths"])
    assert added
    assert all(path.startswith("/_allauth/app/v1/") for path in added)
    assert not [path for path in added if "signup" in path and "provider" not in path]


def test_every_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for operation in operations(document(GOLDEN))]
    assert len(names) == len(set(names))


async def test_every_address_in_it_answers(cluster_doors):
    """404 would be nothing at this address: a recovery code, for one, is asked for by somebody signed in."""
    for path, methods in document(GOLDEN)["paths"].items():
        if not path.startswith("/_allauth/"):
            continue
        for method in methods:
            url = cluster_doors.site.urls[0] + path
            answer = await cluster_doors.site.http().request(method.upper(), url)
            assert answer.status_code in {200, 400, 401, 409}, (method, path, answer.text)

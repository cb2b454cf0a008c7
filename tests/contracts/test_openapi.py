"""The OpenAPI document: valid, checked in, and the same as the code makes."""

import difflib
from io import StringIO

import yaml
from django.core.management import call_command
from openapi_spec_validator import validate

from tests.contracts.test_architecture import PROJECT

GOLDEN = PROJECT / "openapi" / "openapi.yaml"


def test_the_document_is_valid_openapi():
    document = yaml.safe_load(GOLDEN.read_text())
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_document_is_the_code_s(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "now.yaml"), stdout=StringIO())
    before, now = GOLDEN.read_text().splitlines(), (tmp_path / "now.yaml").read_text().splitlines()
    assert before == now, "\n" + "\n".join(difflib.unified_diff(before, now, "openapi/openapi.yaml", "the code", n=2))


def test_every_operation_says_what_can_go_wrong():
    for path in yaml.safe_load(GOLDEN.read_text())["paths"].values():
        for operation in path.values():
            problems = {status for status in operation["responses"] if status >= "400"}
            assert problems >= {"400", "401", "503"}
            for status in problems:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]

"""The OpenAPI and AsyncAPI documents have one form for each thing, which generators of typed clients understand."""

import re
from collections import Counter

import jsonschema
import msgspec
import pytest
import yaml

from api import requests
from chat import wire
from chat.wire_types import ENUMERATIONS
from realtime.protocol import frames
from tests.contracts.bounds import fits, schema_parts
from tests.contracts.test_architecture import PROJECT

OPENAPI = yaml.safe_load((PROJECT / "openapi" / "openapi.yaml").read_text())
ASYNCAPI = yaml.safe_load((PROJECT / "openapi" / "asyncapi.yaml").read_text())
DOCUMENTS = pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["OpenAPI", "AsyncAPI"])
SCALARS = {"string", "number", "integer", "boolean", "null"}
OPERATIONS = {
    operation["operationId"]: (path, operation)
    for path, methods in OPENAPI["paths"].items()
    for operation in methods.values()
}


def places(document, wrong) -> list[str]:
    """Where a schema of a document is wrong."""
    return [path for path, schema in schema_parts(document) if wrong(schema)]


@DOCUMENTS
def test_no_property_has_a_default(document):
    """Generators take a property with one for a property that is always there."""
    assert places(document, lambda schema: "default" in schema) == []


@DOCUMENTS
def test_null_is_in_a_list_of_types_or_one_of(document):
    assert places(document, lambda schema: "anyOf" in schema or "nullable" in schema) == []

    def could_be_a_list(schema):
        branches = schema.get("oneOf", [])
        return (
            {"type": "null"} in branches and len(branches) == 2 and not ({"$ref", "enum", "const"} & branches[0].keys())
        )

    assert places(document, could_be_a_list) == []


@DOCUMENTS
def test_no_choice_is_between_two_of_one_type(document):
    def ambiguous(schema):
        types = Counter(each["type"] for each in schema.get("oneOf", []) if "type" in each)
        return any(count > 1 for count in types.values())

    assert places(document, ambiguous) == []


@DOCUMENTS
def test_numbers_have_a_format(document):
    def bare(schema):
        types = schema.get("type")
        kinds = {types} if isinstance(types, str) else set(types or ())
        if kinds & {"integer"}:
            return schema.get("format") != "int64"
        return kinds == {"number"} and schema.get("format") != "double"

    assert places(document, bare) == []


@DOCUMENTS
def test_enumerations_are_strings_and_have_a_name_where_they_are_used_twice(document):
    assert places(document, lambda schema: ("enum" in schema or "const" in schema) and "type" not in schema) == []
    assert places(document, lambda schema: len(schema.get("enum", "xx")) == 1) == []
    inline = Counter(
        tuple(sorted(schema["enum"]))
        for path, schema in schema_parts(document)
        if ("enum" in schema and not path.startswith("#/components/schemas/"))
        or (path.count("/") > 3 and "enum" in schema)
    )
    named = {tuple(sorted(each["enum"])) for each in document["components"]["schemas"].values() if "enum" in each}
    assert {words for words, count in inline.items() if count > 1} | named & inline.keys() == set()
    assert {*ENUMERATIONS} <= document["components"]["schemas"].keys()


@DOCUMENTS
def test_times_have_one_form(document):
    times = [schema for _, schema in schema_parts(document) if schema.get("format") == "date-time"]
    assert times
    for schema in times:
        for example in schema["examples"]:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", example)


@DOCUMENTS
def test_examples_are_what_they_are_examples_of(document):
    seen = 0
    for path, schema in schema_parts(document):
        for example in schema.get("examples", []):
            seen += 1
            assert fits(document, schema, example), path
    assert seen > 20


@DOCUMENTS
def test_patterns_are_regular_expressions_that_all_languages_share(document):
    """Python knows no `\\p{L}`, Go no look-around, and generators strip no inline flags."""
    for path, schema in schema_parts(document):
        pattern = schema.get("pattern", "^$")
        re.compile(pattern)
        assert not re.search(r"\\[pPAzZ]|\(\?[^:]", pattern), path
        assert pattern.startswith("^"), path
        assert pattern.endswith("$") or pattern == r"^custom\.", path


@DOCUMENTS
def test_keys_that_are_ids_are_described(document):
    for path, schema in schema_parts(document):
        if isinstance(schema.get("additionalProperties"), dict):
            assert schema["propertyNames"] == {"type": "string", "format": "uuid"}, path


@DOCUMENTS
def test_descriptions_have_one_line(document):
    assert places(document, lambda schema: "\n" in schema.get("description", "").partition(":\n\n")[0]) == []


# Operations


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described(name):
    _, operation = OPERATIONS[name]
    assert 5 < len(operation["summary"]) <= 80
    assert not operation["summary"].endswith(".")
    assert len(operation["description"]) > 10
    assert operation["description"].endswith((".", "`."))
    assert operation["tags"] == [name.partition("_")[0]]
    for parameter in operation.get("parameters", []):
        assert parameter["description"].endswith("."), parameter["name"]
    assert all(response["description"].endswith(".") for response in operation["responses"].values())


@pytest.mark.parametrize("name", OPERATIONS)
def test_path_parameters_come_first_in_the_order_of_the_address(name):
    path, operation = OPERATIONS[name]
    names = re.findall(r"{(\w+)}", path)
    assert [(each["name"], each["in"]) for each in operation.get("parameters", [])][: len(names)] == [
        (each, "path") for each in names
    ]
    assert not [each for each in operation.get("parameters", [])[len(names) :] if each["in"] == "path"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_asks_for_a_token_or_for_nothing(name):
    assert OPERATIONS[name][1]["security"] in ([], [{"bearer": []}])


def test_the_document_says_where_the_server_is_and_what_the_tags_mean():
    assert [server["url"] for server in OPENAPI["servers"]] == ["/"]
    described = {tag["name"]: tag["description"] for tag in OPENAPI["tags"]}
    assert described.keys() == {tag for _, operation in OPERATIONS.values() for tag in operation["tags"]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_parameter_has_bounds(name):
    for parameter in OPERATIONS[name][1].get("parameters", []):
        schema = parameter["schema"]
        bounded = {"format", "pattern", "maxLength"} if schema["type"] == "string" else {"minimum"}
        assert bounded & schema.keys() or parameter["name"] == "cursor", parameter["name"]


# Requests


def optional(struct: type[msgspec.Struct]) -> list[msgspec.structs.FieldInfo]:
    return [field for field in msgspec.structs.fields(struct) if not field.required]


BODIES = [each for each in vars(requests).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]


@pytest.mark.parametrize("struct", [*BODIES, *frames.Command.__args__], ids=lambda struct: struct.__name__)
def test_what_may_be_left_out_may_be_null(struct):
    """And means the same: its default is None."""
    for field in optional(struct):
        assert field.default is None, field.name
        msgspec.convert(None, field.type)


def test_no_answer_has_a_time_that_the_encoder_would_write():
    """Only `wire.moment` gives them their one form."""
    structs = list(_kinds_of(msgspec.Struct))
    assert wire.Message in structs
    for struct in structs:
        if struct.__module__.partition(".")[0] in ("api", "chat", "realtime") and struct is not requests.Mute:
            written = msgspec.json.schema_components([struct])[1].values()
            for schema in written:
                for name, each in schema.get("properties", {}).items():
                    if "date-time" in str(each):
                        assert "2026-11-22T23:10:31.735112Z" in str(each), (struct, name)


def _kinds_of(struct):
    for kind in struct.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


# Events


def test_the_data_of_every_event_is_a_schema_of_the_document():
    schemas = OPENAPI["components"]["schemas"]
    lines = re.findall(r"^- (.*): `(\w+)`$", schemas["Event"]["description"], re.MULTILINE)
    named = {name: schema for names, schema in lines for name in re.findall(r"`([^`]+)`", names)}
    for message, frame in ASYNCAPI["components"]["messages"].items():
        frame = ASYNCAPI["components"]["schemas"][frame["payload"]["$ref"].rpartition("/")[2]]
        if {"seq", "at"} <= frame["properties"].keys():
            event = "custom.<name>" if message == "custom" else message
            name = frame["properties"]["data"]["$ref"].rpartition("/")[2]
            assert named.pop(event) == name
            assert schemas[name] == ASYNCAPI["components"]["schemas"][name]
    assert not named


@DOCUMENTS
def test_all_schemas_are_json_schema(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)

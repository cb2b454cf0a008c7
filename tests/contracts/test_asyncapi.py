"""The AsyncAPI document: valid, checked in, the same as the code makes, and of every frame there is."""

import difflib
import json
from functools import cache
from io import StringIO

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from chat.eventlog import event_types
from realtime import routing
from realtime.commands import handlers
from realtime.protocol import asyncapi, replies
from realtime.protocol import frames as protocol
from tests.contracts.test_architecture import PROJECT

GOLDEN = PROJECT / "openapi" / "asyncapi.yaml"
OFFICIAL = json.loads((PROJECT / "tests/contracts/asyncapi-3.0.0.schema.json").read_text())


# That it is what is checked in is a test of its own.
document = cache(asyncapi.document)


def at(pointer: str):
    """What a reference within the document points to. Raises KeyError."""
    found = document()
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(part) -> set[str]:
    if isinstance(part, list):
        return {pointer for each in part for pointer in references(each)}
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if "$ref" in part else set()
    return own | {pointer for each in part.values() for pointer in references(each)}


def test_the_document_is_the_code_s(tmp_path):
    call_command("asyncapi", "--file", str(tmp_path / "now.yaml"))
    before, now = GOLDEN.read_text().splitlines(), (tmp_path / "now.yaml").read_text().splitlines()
    assert before == now, "\n" + "\n".join(difflib.unified_diff(before, now, "openapi/asyncapi.yaml", "the code", n=2))


def test_it_can_be_printed():
    printed = StringIO()
    call_command("asyncapi", stdout=printed)
    assert yaml.safe_load(printed.getvalue()) == yaml.safe_load(GOLDEN.read_text()) == document()


def test_the_document_is_valid_asyncapi():
    jsonschema.Draft7Validator.check_schema(OFFICIAL)
    errors = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(OFFICIAL).iter_errors(document())
    ]
    assert not errors


def test_the_official_schema_is_no_formality():
    broken = document() | {"operations": {"x": {"action": "shout", "channel": {"$ref": "#/channels/socket"}}}}
    assert not jsonschema.Draft7Validator(OFFICIAL).is_valid(broken)


def test_every_reference_leads_somewhere():
    for pointer in references(document()):
        at(pointer)


def test_nothing_is_described_that_is_nowhere_used():
    used = references(document())
    for kind in ("messages", "schemas", "correlationIds"):
        for name in document()["components"][kind]:
            assert f"#/components/{kind}/{name}" in used


@pytest.mark.parametrize("name", sorted(document()["components"]["schemas"]))
def test_every_schema_is_json_schema_and_says_what_it_is(name):
    schema = document()["components"]["schemas"][name]
    jsonschema.Draft202012Validator.check_schema(schema)
    # AsyncAPI's own dialect.
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["type"] == ("string" if "enum" in schema else "object")
    assert set(schema.get("required", ())) <= set(schema.get("properties", ()))


def payload(message: str) -> dict:
    return at(document()["components"]["messages"][message]["payload"]["$ref"])


@pytest.mark.parametrize("address", ["frames", "roomFrames"])
def test_every_frame_goes_over_every_address(address):
    frames = set(document()["components"]["messages"])
    assert set(document()["channels"][address]["messages"]) == frames
    operations = [
        each for each in document()["operations"].values() if each["channel"]["$ref"] == f"#/channels/{address}"
    ]
    moved = references([[each["messages"], each.get("reply", {}).get("messages", [])] for each in operations])
    assert moved == {f"#/channels/{address}/messages/{frame}" for frame in frames}


def test_the_addresses_are_routed():
    for channel in document()["channels"].values():
        address = channel["address"].replace("{room}", "01a20586-83c1-7fe7-9b59-278cfc9dedf1")
        assert routing._ADDRESS.fullmatch(address)


@pytest.mark.parametrize("command", sorted(handlers.HANDLERS, key=lambda command: command.__name__))
def test_every_command_is_received_and_answered(command):
    tag = command.__struct_config__.tag
    operation = document()["operations"][tag]
    assert operation["action"] == "receive"
    assert operation["messages"] == [{"$ref": f"#/channels/frames/messages/{tag}"}]
    schema = payload(tag)
    assert schema["properties"]["type"] == {"type": "string", "const": tag}
    assert set(schema["properties"]) == {"type", *command.__struct_fields__}
    answers = [each["$ref"].rpartition("/")[2] for each in operation["reply"]["messages"]]
    assert answers == (["pong"] if command is protocol.Ping else [f"{tag}.reply", "refused"])


def test_what_is_replied_to_each_command_is_known():
    assert set(replies.REPLIES) == set(handlers.HANDLERS)


@pytest.mark.parametrize("frame", sorted(event_types.EVENTS | event_types.PASSING))
def test_every_event_is_sent(frame):
    schema = payload(frame)
    seq = {"seq"} if frame in event_types.EVENTS else set()
    assert set(schema["required"]) == {"type", "room", "at", "data"} | seq
    struct = (event_types.EVENTS | event_types.PASSING)[frame]
    assert schema["properties"]["data"] == {"$ref": f"#/components/schemas/{struct.__name__}"}
    says = "custom.poll.opened" if frame == "custom" else frame
    kind = jsonschema.Draft202012Validator(schema["properties"]["type"])
    assert kind.is_valid(says)
    assert not kind.is_valid("message.shredded")


def frames_of(module) -> set[str]:
    """The types of all frames that a module has structs for."""
    structs = [each for each in vars(module).values() if isinstance(each, type) and hasattr(each, "__struct_config__")]
    return {each.__struct_config__.tag for each in structs if each.__struct_config__.tag} - {"reply", "_Command"}


def test_every_other_frame_is_in_it_too():
    ours = frames_of(protocol) | frames_of(asyncapi.wire) | {json.loads(protocol.PONG)["type"]}
    assert ours <= set(document()["components"]["messages"])


def test_no_two_structs_share_a_name():
    """One of them would be described as the other."""
    schemas = document()["components"]["schemas"]
    for tag, struct in (asyncapi.COMMANDS | asyncapi.SYSTEM).items():
        assert set(schemas[struct.__name__]["properties"]) == {"type", *struct.__struct_fields__}, tag
    for struct in (event_types.EVENTS | event_types.PASSING).values():
        assert set(schemas[struct.__name__]["properties"]) == set(struct.__struct_fields__)

"""A command is refused by its form where the AsyncAPI document refuses it; null is unset; and times have one form."""

import re

import pytest
import yaml

from tests.client import Refused
from tests.contracts.bounds import fits, values
from tests.contracts.test_architecture import PROJECT

ASYNCAPI = yaml.safe_load((PROJECT / "openapi" / "asyncapi.yaml").read_text())
COMMANDS = {
    name: ASYNCAPI["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
    for name, message in ASYNCAPI["components"]["messages"].items()
    if ASYNCAPI["operations"].get(name, {}).get("action") == "receive"
}
FIELDS = [
    (command, field)
    for command, schema in COMMANDS.items()
    for field in schema["properties"]
    if field not in ("type", "id")
]
VALID = {"token": "x", "body": "x", "emoji": "x", "name": "poll", "seq": 0}
OPTIONAL_ROOM = {"room.subscribe": ("room",)}
NULLABLE = [(command, field) for command, field in FIELDS if field not in COMMANDS[command]["required"]]
# Refusals of a value by a rule, not by its form.
RULES = re.compile("Must be one emoji|visible character|last seq|is required|does not exist in")


@pytest.mark.parametrize(("command", "field"), FIELDS, ids=lambda part: part)
async def test_a_field_is_refused_where_the_document_refuses_it(cluster, command, field):
    alice = await cluster.person("alice")
    room = await alice.room()
    message = (await alice.send(room, "hello"))["id"]
    schema = COMMANDS[command]
    required = [*schema["required"], *OPTIONAL_ROOM.get(command, ())]
    whole = {name: value for name, value in (VALID | {"room": room, "message": message}).items() if name in required}
    described = schema["properties"][field]
    async with alice.socket() as socket:
        for value in values(ASYNCAPI, described):
            problem = await _refusal(socket, command, whole | {field: value})
            of_field = problem.startswith((f"{field}: ", f"{field}/"))
            if fits(ASYNCAPI, described, value):
                assert not of_field or RULES.search(problem), (value, problem)
            else:
                assert of_field, (value, problem)


async def _refusal(socket, command: str, fields: dict) -> str:
    try:
        await socket.command(command, **fields)
    except Refused as refused:
        return refused.body["message"] if refused.code == "invalid" else ""
    return ""


@pytest.mark.parametrize(("command", "field"), NULLABLE, ids=lambda part: part)
async def test_null_is_the_same_as_nothing(cluster, command, field):
    alice = await cluster.person("alice")
    room = await alice.room()
    message = (await alice.send(room, "hello", data={"a": 1}))["id"]
    required = [*COMMANDS[command]["required"], *OPTIONAL_ROOM.get(command, ())]
    whole = {name: value for name, value in (VALID | {"room": room, "message": message}).items() if name in required}
    async with alice.socket() as socket:
        without = await _refusal(socket, command, {name: value for name, value in whole.items() if name != field})
        assert await _refusal(socket, command, whole | {field: None}) == without


async def test_an_edit_with_null_keeps_the_data_and_an_empty_object_clears_it(site, door):
    alice = await site.person("alice")
    room = await alice.room()
    async with door.open(alice) as hers:
        said = await hers.send(room, "hello", data={"a": 1})
        assert (await hers.edit(room, said["id"], "one", data=None))["data"] == {"a": 1}
        assert (await hers.edit(room, said["id"], "two"))["data"] == {"a": 1}
        assert (await hers.edit(room, said["id"], "three", data={}))["data"] == {}


# Times

TIME = re.compile(r"\d{4}-\d\d-\d\dT")


def times(part) -> list[str]:
    if isinstance(part, dict | list):
        return [found for each in (part.values() if isinstance(part, dict) else part) for found in times(each)]
    return [part] if isinstance(part, str) and TIME.match(part) else []


async def test_every_time_that_is_sent_has_one_form(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    heard = []
    async with bob.socket() as socket:
        heard.append(await socket.command("room.subscribe", room=room, presence=True))
        muted = {"until": "2040-01-01T02:00:00+02:00"}
        heard.append(await alice.call("PUT", f"rooms/{room}/members/{bob.id}/mute/", muted))
        heard.append(await socket.event())
        await alice.send(room, "hello", data={"a": 1})
        heard.append(await socket.event())
        await alice.call("POST", f"rooms/{room}/typing/", {"typing": True})
        heard.append(await socket.wait_for(lambda frame: frame["type"] == "typing.started"))
    lists = ("members/", "messages/", "events/", "bans/", "presence/", "")
    heard += [await alice.call("GET", f"rooms/{room}/{path}") for path in lists]
    paths = (f"sync/?since={room}.0", "users/me/", "users/me/export/", "auth/devices/", "rooms/")
    heard += [await bob.call("GET", path) for path in paths]
    heard += [alice.login, await alice.call("POST", "auth/tickets/")]
    found = times(heard)
    assert found.count("2040-01-01T00:00:00.000000Z") >= 6
    assert [text for text in found if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)] == []

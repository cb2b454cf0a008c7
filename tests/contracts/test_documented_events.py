"""The events that docs/protocol.md shows are those of the code, and its tables have all of them."""

import json
import re

import msgspec
import pytest

from chat import wire
from chat.eventlog.event_types import EVENTS, PASSING
from tests.contracts.test_architecture import PROJECT

TEXT = (PROJECT / "docs" / "protocol.md").read_text()
BLOCKS = [json.loads(block) for block in re.findall(r"<!-- event -->\n```json\n(.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize("block", BLOCKS, ids=[block["type"] for block in BLOCKS])
def test_an_event_that_is_shown_is_one(block):
    said = EVENTS | PASSING
    struct = said["custom" if block["type"].startswith("custom.") else block["type"]]
    envelope = wire.Event if "seq" in block else wire.Passing
    assert set(block) == set(envelope.__struct_fields__)
    assert set(block["data"]) == set(struct.__struct_fields__)
    msgspec.convert(block, envelope, strict=False)
    msgspec.convert(block["data"], struct, strict=False)


def test_every_event_is_in_a_table():
    rows = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    shown = {word for row in rows for word in re.findall(r"`([a-z]+\.[a-z<>]+)`", row)}
    assert {*EVENTS, *PASSING} - {"custom"} | {"custom.<name>"} <= shown

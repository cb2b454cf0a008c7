"""The tables that are their own documentation are complete."""

import re
from typing import get_args

from api import problems
from chat.errors import ChatError
from core.errors import RoomwireError
from realtime.commands import handlers
from realtime.protocol import frames
from realtime.protocol.close_codes import Close
from tests.contracts.test_architecture import PROJECT


def _all(root: type) -> set[type]:
    return {root} | {leaf for child in root.__subclasses__() for leaf in _all(child)}


def errors() -> set[type[RoomwireError]]:
    """Return the product's errors: other tests define some too, as extenders do."""
    found = _all(RoomwireError) - {RoomwireError, ChatError}
    return {error for error in found if not error.__module__.startswith("tests.")}


def test_every_error_has_a_code_of_its_own_and_a_status():
    codes = [error.code for error in errors()]
    assert len(codes) == len(set(codes))
    socket_only = {"unknown_command"}
    assert set(codes) - socket_only <= set(problems.STATUS)


def test_every_code_is_documented():
    documented = set(re.findall(r"^\| `(\w+)` \|", (PROJECT / "docs/protocol.md").read_text(), re.MULTILINE))
    assert documented >= {error.code for error in errors()} | set(problems.STATUS)


def test_every_close_code_is_documented_with_the_same_words():
    text = (PROJECT / "docs/protocol.md").read_text()
    for close in Close:
        assert f"| {close.value} | {close.meaning} | {close.reconnect} |" in text


def test_every_command_has_a_handler():
    assert set(handlers.HANDLERS) == set(get_args(frames.Command))

"""What was refused is heard by nobody, not even as something that passes."""

import json
from contextlib import contextmanager

import msgspec
import pytest

from tests.client import DEADLINE
from tests.permissions.doors import DOORS, opened
from tests.permissions.rules import SETTINGS
from tests.permissions.table import TABLE

LISTENERS = {"public": "co_owner", "private": "co_owner", "direct": "other", "archived": "co_owner"}
READ = next(row for row in TABLE if row.command == "room.read")


def _refused(setting):
    """Who is refused what, there."""
    for row in TABLE:
        if not (row.rest or "").startswith("GET ") and not row.room:
            for role in SETTINGS[setting].roles:
                if row.rule.outcome(role, SETTINGS[setting]) != "ok":
                    yield row.doors[-1], row, role


@contextmanager
def _listening(house, person, room):
    """At the other worker."""
    with opened(house, person, 1, "/ws/") as socket:
        socket.send(json.dumps({"type": "room.subscribe", "id": "x", "room": room}))
        while msgspec.json.decode(socket.recv(timeout=DEADLINE)).get("id") != "x":
            pass
        yield socket


def _heard(socket):
    """All frames up to the listener's own word, which goes the same way as all that was refused."""
    frames = []
    while not frames or frames[-1]["type"] != "read.updated":
        frames.append(msgspec.json.decode(socket.recv(timeout=DEADLINE)))
    return [(frame["type"], frame["data"]["user"]["id"]) for frame in frames]


def _ask(house, place, door, row, role):
    with DOORS[door](house, house.person(role), 0) as asking:
        return asking.ask(row, house.names(role, place, row)).code


@pytest.mark.parametrize("setting", LISTENERS)
def test_nobody_hears_what_was_refused(cluster_house, setting):
    listener = LISTENERS[setting]
    with cluster_house.borrowed(SETTINGS[setting]) as place:
        me = cluster_house.person(listener)
        with _listening(cluster_house, me, str(place.room.id)) as socket:
            for door, row, role in _refused(setting):
                assert _ask(cluster_house, place, door, row, role) != "ok"
            assert _ask(cluster_house, place, "rest", READ, listener) == "ok"
            assert _heard(socket) == [("read.updated", me.id)]

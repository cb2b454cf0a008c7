"""A socket's address that names a room; and addresses with methods that nobody carries out."""

import json

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from core.ids import uuid7
from realtime.protocol.close_codes import Close
from tests.client import DEADLINE
from tests.permissions import coverage
from tests.permissions.doors import Rest, opened
from tests.permissions.people import NOBODY
from tests.permissions.rows import rest
from tests.permissions.rules import READERS, SETTINGS, Rule

CASES = [(name, role) for name, setting in SETTINGS.items() for role in setting.roles if role != "anonymous"]


def _told(house, person, room, *, late):
    """All frames that come of opening a socket there, up to the answer or the close; `late`, of proving who one is
    once it is open."""
    frames = []
    with opened(house, NOBODY if late else person, 0, f"/ws/rooms/{room}/") as socket:
        if late:
            socket.send(json.dumps({"type": "authenticate", "token": person.token}))
        try:
            while not frames or frames[-1]["type"] != "reply":
                frames.append(msgspec.json.decode(socket.recv(timeout=DEADLINE)))
        except ConnectionClosed as closed:
            frames.append({"type": "close", "code": closed.rcvd.code})
    return [frame for frame in frames if frame["type"] != "welcome"]


@pytest.mark.parametrize("late", [False, True], ids=["token", "authenticate"])
@pytest.mark.parametrize(("setting", "role"), CASES)
def test_who_may_open_a_room_s_socket(cluster_house, setting, role, late):
    place = cluster_house.world(SETTINGS[setting])
    person = cluster_house.person(role)
    told = _told(cluster_house, person, place.room.id, late=late)
    if READERS.outcome(role, SETTINGS[setting]) == "ok":
        assert [frame["ok"] for frame in told] == [True]
    else:
        assert told == [{"type": "close", "code": Close.NOT_FOUND}]
        assert told == _told(cluster_house, person, uuid7(), late=late)


@pytest.mark.parametrize("role", ["stranger", "anonymous"])
def test_nobody_does_what_no_view_carries_out(cluster_house, role):
    place = cluster_house.world(SETTINGS["private"])
    names = cluster_house.names(role, place, rest("", Rule(""))) | {"device": str(uuid7())}
    asking = Rest(cluster_house, cluster_house.person(role), 0)
    codes = {route: asking.ask(rest(route, Rule("")), names).code for route in coverage.refused_routes()}
    wrong = {route: code for route, code in codes.items() if code not in ("method_not_allowed", "unauthenticated")}
    assert not wrong

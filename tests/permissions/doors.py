"""How an operation is tried: over REST, by a command, and by a socket's address. All answer alike."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api import problems
from realtime.commands import handlers
from realtime.protocol.close_codes import Close
from tests.client import DEADLINE
from tests.permissions.house import House
from tests.permissions.people import Person
from tests.permissions.rows import Row

COMMANDS = {handled.__struct_config__.tag: handled for handled in handlers.HANDLERS}
_OF_THE_MOMENT = ("date", "retry-after")


class Answer(NamedTuple):
    """`code` is "ok" or why not; `told` is all that came back."""

    code: str
    told: str


def fill(template: Any, names: Mapping[str, str]) -> Any:
    """With ids in the place of names."""
    if isinstance(template, str):
        for name, value in names.items():
            template = template.replace(f"{{{name}}}", value)
        return template
    if isinstance(template, dict):
        return {fill(key, names): fill(value, names) for key, value in template.items()}
    return template


class Rest:
    """One person's requests to one worker."""

    name = "rest"

    def __init__(self, house: House, person: Person, worker: int) -> None:
        self.http = house.https[worker % len(house.https)]
        self.headers = {"Authorization": f"Bearer {person.token}"} if person.token else {}

    @staticmethod
    def names_a_room(row: Row) -> bool:
        return "{room}" in f"{row.rest} {row.body}"

    def ask(self, row: Row, names: Mapping[str, str]) -> Answer:
        assert row.rest is not None
        method, path = row.rest.split(" ")
        body = {"json": fill(row.body, names)} if row.body else {}
        response = self.http.request(method, fill(path, names), headers=self.headers, **body)
        code = "ok"
        if response.status_code >= 400:
            code = response.json()["code"]
            assert response.status_code == problems.STATUS[code]
        headers = sorted((name, value) for name, value in response.headers.items() if name not in _OF_THE_MOMENT)
        return Answer(code, f"{response.status_code} {headers} {response.text}")


class Socket:
    """One person's socket at one worker."""

    name = "socket"

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    @staticmethod
    def names_a_room(row: Row) -> bool:
        return "{room}" in str(_said(row))

    def ask(self, row: Row, names: Mapping[str, str]) -> Answer:
        self.connection.send(json.dumps({"type": row.command, "id": "x", **fill(_said(row), names)}))
        try:
            return self._answer(names["room"])
        except ConnectionClosed as closed:
            return Answer(_CLOSED[closed.rcvd.code], str(closed.rcvd))

    def _answer(self, room: str) -> Answer:
        while True:
            text = self.connection.recv(timeout=DEADLINE)
            frame = msgspec.json.decode(text)
            if frame["type"] == "pong":
                return Answer("ok", text)
            if frame.get("id") == "x":
                refused = frame.get("error") or frame["data"].get("rooms", {}).get(room, {}).get("error")
                return Answer(refused["code"] if refused else "ok", text)


def _said(row: Row) -> dict[str, Any]:
    """What a command says: the ids it must have, and what the row has."""
    assert row.command is not None
    command = COMMANDS[row.command]
    required = {each.encode_name for each in msgspec.structs.fields(command) if each.required}
    ids = {name: f"{{{name}}}" for name in ("room", "message", "emoji") if name in required}
    return ids | (row.body if row.fields is None else row.fields)


_CLOSED = {Close.UNAUTHENTICATED: "unauthenticated", Close.NOT_FOUND: "not_found", Close.FORBIDDEN: "forbidden"}


@contextmanager
def rest(house: House, person: Person, worker: int) -> Iterator[Rest]:
    yield Rest(house, person, worker)


@contextmanager
def socket(house: House, person: Person, worker: int) -> Iterator[Socket]:
    with opened(house, person, worker, "/ws/") as connection:
        if person.token:
            assert msgspec.json.decode(connection.recv(timeout=DEADLINE))["type"] == "welcome"
        yield Socket(connection)


@contextmanager
def opened(house: House, person: Person, worker: int, path: str) -> Iterator[ClientConnection]:
    url = house.urls[worker % len(house.urls)].replace("http", "ws", 1)
    query = f"?token={person.token}" if person.token else ""
    with connect(f"{url}{path}{query}", open_timeout=DEADLINE) as connection:
        yield connection


DOORS = {"rest": rest, "socket": socket}

"""Roomwire's protocol, as far as the bench needs it."""

import msgspec

from bench.peers.dialect import Dialect, Refused
from bench.site import Seat


class _Frame(msgspec.Struct):
    type: str
    id: int | str | None = None
    ok: bool = False
    seq: int | None = None


_decode = msgspec.json.Decoder(_Frame).decode
_encode = msgspec.json.Encoder().encode


class RoomwireDialect(Dialect):
    def path(self, seat: Seat) -> str:
        if not seat.listening:
            return f"/ws/?token={seat.token}"
        since = "" if seat.since is None else f"since={seat.since}&"
        return f"/ws/rooms/{seat.room}/?{since}token={seat.token}"

    def greet(self, seat: Seat, frame: bytes | None) -> str | bool:
        if frame is None:
            return False
        heard = _decode(frame)
        if not seat.listening:
            return heard.type == "welcome"
        if heard.type == "reply" and not heard.ok:
            raise Refused(frame.decode())
        return heard.type == "reply" and heard.id == "url"

    def message(self, room: str, number: int, text: str) -> str:
        return _encode({"type": "message.send", "id": number, "room": room, "body": text}).decode()

    def answered(self, frame: bytes) -> int | None:
        heard = _decode(frame)
        if heard.type not in ("reply", "error"):
            return None
        if not heard.ok or not isinstance(heard.id, int):
            raise Refused(frame.decode())
        return heard.id

    def seq(self, frame: bytes) -> int | None:
        return _decode(frame).seq

    def echo(self) -> str:
        return '{"type":"ping"}'

    def echoed(self, frame: bytes) -> bool:
        return _decode(frame).type == "pong"

    def logout(self) -> str:
        return "/api/v1/auth/logout/"

    def slow(self, room: str) -> str:
        return _encode({"type": "room.read", "id": 1, "room": room, "seq": 1}).decode()

    def slept(self, frame: bytes) -> bool:
        return self.answered(frame) is not None

"""Socket.IO's packets (Engine.IO 4, Socket.IO 5), as far as the bench needs them."""

import json

from bench.peers.dialect import Dialect, Refused
from bench.site import Seat


class SocketIODialect(Dialect):
    def path(self, seat: Seat) -> str:
        return "/socket.io/?EIO=4&transport=websocket"

    def greet(self, seat: Seat, frame: bytes | None) -> str | bool:
        if frame is None:
            return False
        if frame.startswith(b"0"):
            room = seat.room if seat.listening else None
            return "40" + json.dumps({"token": seat.token, "room": room})
        if frame.startswith(b"44"):
            raise Refused(frame.decode())
        # The server joins the room in the same turn of its loop in which it sends this.
        return frame.startswith(b"40")

    def message(self, room: str, number: int, text: str) -> str:
        return f"42{number}" + json.dumps(["message", room, text])

    def answered(self, frame: bytes) -> int | None:
        if not frame.startswith(b"43"):
            return None
        return int(frame[2 : frame.index(b"[")])

    def heartbeat(self, frame: bytes) -> str | None:
        return "3" if frame == b"2" else None

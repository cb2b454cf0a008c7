"""How clients talk to the tutorial's chat: to the address's room, and one's own message coming back is the answer."""

import json

from bench import body
from bench.peers.dialect import Dialect
from bench.site import Seat


class TutorialDialect(Dialect):
    def path(self, seat: Seat) -> str:
        return f"/ws/chat/{seat.room}/?token={seat.token}"

    def greet(self, seat: Seat, frame: bytes | None) -> str | bool:
        # The server joins the group before it accepts.
        return True

    def message(self, room: str, number: int, text: str) -> str:
        return json.dumps({"message": text})

    def answered(self, frame: bytes) -> int | None:
        found = body.read(frame)
        return None if found is None else found[1]

    def echo(self) -> str:
        return '{"type": "echo"}'

    def echoed(self, frame: bytes) -> bool:
        return frame == b'{"type": "echo"}'

    def slow(self, room: str) -> str:
        return '{"type": "slow"}'

    def slept(self, frame: bytes) -> bool:
        return frame == b'{"type": "slow"}'

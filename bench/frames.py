"""WebSocket frames as a client needs them: its own masked, the server's split; and the upgrade request."""

import base64
import secrets
from enum import IntEnum

# One key per process, and not zero: servers may skip the unmasking of that.
_KEY = secrets.token_bytes(3) + b"\x5a"

_FINAL = 0x80
_MASKED = 0x80


class Opcode(IntEnum):
    TEXT = 1
    CLOSE = 8
    PING = 9
    PONG = 10


class Unexpected(Exception):
    """The server sent what no server here has a reason to send."""


def masked(payload: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    length = len(payload)
    if length < 126:
        head = bytes((_FINAL | opcode, _MASKED | length))
    else:
        head = bytes((_FINAL | opcode, _MASKED | 126)) + length.to_bytes(2, "big")
    mask = (_KEY * (length // 4 + 1))[:length]
    hidden = int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")
    return head + _KEY + hidden.to_bytes(length, "little")


def unmasked(payload: bytes) -> bytes:
    """A text frame as a server sends it."""
    length = len(payload)
    size = bytes((length,)) if length < 126 else b"\x7e" + length.to_bytes(2, "big")
    return bytes((_FINAL | Opcode.TEXT,)) + size + payload


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames of a server's bytes, as opcodes and payloads, and the rest."""
    frames = []
    at, end = 0, len(data)
    while end - at >= 2:
        if not data[at] & _FINAL:
            raise Unexpected("a message in several frames")
        begin, length = at + 2, data[at + 1]
        if length == 126:
            begin, length = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
        elif length == 127:
            begin, length = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
        if begin + length > end:
            break
        frames.append((data[at] & 0x0F, data[begin : begin + length]))
        at = begin + length
    return frames, data[at:]


def upgrade(host: str, port: int, path: str) -> bytes:
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()

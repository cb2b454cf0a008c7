"""The text of every message, the same for all peers: when it was sent, which one it is, and a marker to count by."""

import time

# Once in each frame, of characters that are nowhere else in it: bytes.count takes everything else in long strides.
MARKER = b"~`^|@#$%&*+=!?;_" * 2

_FILLING = "and some words that people do write"
_SENT = 20
_NUMBER = 10

# Which sender, and the how-manieth of theirs: one number, in two parts.
PER_SENDER = 10_000_000


now = time.monotonic_ns


def write(number: int) -> str:
    """A hundred characters. The clock is the machine's, the same in all its processes."""
    return f"{now():0{_SENT}d} {number:0{_NUMBER}d} {MARKER.decode()} {_FILLING}"


def read(frame: bytes) -> tuple[int, int] | None:
    """When the message in this frame was sent, in nanoseconds, and its number; None in a frame without one."""
    end = frame.find(MARKER) - 1
    begin = end - _NUMBER - 1 - _SENT
    if begin < 0:
        return None
    return int(frame[begin : begin + _SENT]), int(frame[end - _NUMBER : end])

"""Frames on their way out: encoded once, shared by every socket they go to."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Protocol

from realtime.protocol.close_codes import Close

# The extension of a WebSocket scope that holds the connection's Outlet, where the server has one to offer.
OUTLET = "roomwire.outlet"

# What one burst may add to a socket's unsent characters, give or take a frame.
_BURST_CHARACTERS = 65_536

_TEXT = 0x81  # the last fragment of a text message, RFC 6455 section 5.2


class Burst:
    """Text frames that go out together."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def ready(self) -> bytes:
        """The frames as a server may write them to the wire, unmasked."""
        return b"".join(_framed(self.texts))


def _framed(texts: Iterable[str]) -> Iterator[bytes]:
    for text in texts:
        data = text.encode()
        size = len(data)
        if size < 126:
            yield bytes((_TEXT, size))
        elif size < 65_536:
            yield b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            yield b"\x81\x7f" + size.to_bytes(8, "big")
        yield data


def bursts(texts: Sequence[str]) -> Iterator[tuple[Burst, int]]:
    """`texts` in bursts of a bounded size, each with how many it is."""
    begin = characters = 0
    for end, text in enumerate(texts, 1):
        characters += len(text)
        if characters >= _BURST_CHARACTERS or end == len(texts):
            yield Burst(list(islice(texts, begin, end))), end - begin
            begin, characters = end, 0


class Outlet(Protocol):
    """The way to one client. Frames leave in the order they were put; none is taken after `finish`."""

    @property
    def full(self) -> bool:
        """More than REALTIME_OUTBOX_MAX_BYTES are unsent."""

    def put(self, burst: Burst) -> None:
        """Take frames to send, whatever is unsent."""

    async def room(self) -> None:
        """Wait until what was unsent is half sent, or the client is gone."""

    async def finish(self, code: Close) -> None:
        """Close with a code after what was put, or without either if the client takes neither within moments."""

    def drop(self) -> None:
        """The client is gone: what was not sent never will be."""

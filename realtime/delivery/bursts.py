"""Outgoing frames: encoded once, shared by all sockets that are sent them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Protocol

from realtime.protocol.close_codes import Close

# The extension of a WebSocket scope that holds the connection's Outlet, where the server has one to offer.
OUTLET = "roomwire.outlet"

# Size of a burst in characters, which its last frame may exceed.
_BURST_CHARACTERS = 65_536

_TEXT = 0x81  # the last fragment of a text message, RFC 6455 section 5.2


class Burst:
    """Text frames that are sent together."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def ready(self) -> bytes:
        """The frames as bytes for the wire, unmasked (RFC 6455, section 5.2)."""
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
    """Yield `texts` in bursts of bounded size, each with the number of its frames."""
    begin = characters = 0
    for end, text in enumerate(texts, 1):
        characters += len(text)
        if characters >= _BURST_CHARACTERS or end == len(texts):
            yield Burst(list(islice(texts, begin, end))), end - begin
            begin, characters = end, 0


class Outlet(Protocol):
    """Sends frames to one client, in the order of `put`. After `finish` it accepts none."""

    @property
    def full(self) -> bool:
        """Whether more than REALTIME_OUTBOX_MAX_BYTES are unsent."""

    def put(self, burst: Burst) -> None:
        """Queue frames, however much is unsent."""

    async def room(self) -> None:
        """Wait until at most half of the maximum is unsent, or the client has disconnected."""

    async def finish(self, code: Close) -> None:
        """Send what is queued, then close with a code. Disconnect if the client does not read it within moments."""

    def drop(self) -> None:
        """Discard what is unsent: the client has disconnected."""

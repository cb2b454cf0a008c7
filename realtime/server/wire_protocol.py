"""The websockets library's protocol, which says what is on the wire, with two changes for clients at fault.

A fault (a frame too big, bytes that are no frame) is noted when it is read and answered when the server asks for it:
messages that were received before it are carried out first. And where the frames after it can still be told apart, they
are skipped up to the client's close frame: a connection that is closed with data unread is reset by the kernel, and the
client, or a proxy before it, loses the close code.
"""

import inspect
from collections.abc import Generator

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

_EXTENDED = {126: 2, 127: 8}  # bytes of an extended payload length, RFC 6455 section 5.2
_MASK_BYTES = 4


class Conversation(ServerProtocol):
    """`fault` is the close code and reason for a client at fault; None for all others."""

    fault: tuple[int, str] | None = None
    # The client's close frame has arrived after a fault.
    closed_by_client = False
    _knows_frames = True

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """Note a fault that the parser has found; fail the connection at once for any other cause."""
        if inspect.getgeneratorstate(self.parser) != inspect.GEN_RUNNING:
            return super().fail(code, reason)
        if self.close_rcvd is not None:
            # The library takes a close between fragments for a fault, which it is not (RFC 6455, section 5.4).
            sent = self.close_rcvd.code
            code, reason = (CloseCode.NORMAL_CLOSURE if sent == CloseCode.NO_STATUS_RCVD else sent), ""
        self.fault = code, reason
        self._knows_frames = code == CloseCode.MESSAGE_TOO_BIG
        self.parser = self._skip_to_close() if self._knows_frames else self._skip_all()
        next(self.parser)
        return None

    def answer_fault(self) -> bool:
        """Send the close frame for the fault, unless one was sent; return whether the client's is worth waiting for."""
        assert self.fault is not None
        if not self._knows_frames:
            super().fail(*self.fault)
        elif self.state is OPEN:
            self.send_close(*self.fault)
        return self._knows_frames

    def _skip_all(self) -> Generator[None]:
        while True:
            yield
            self.reader.discard()

    def _skip_to_close(self) -> Generator[None]:
        yield
        if isinstance(self.parser_exc, PayloadTooBig):
            yield from self._skip(_MASK_BYTES + (self.parser_exc.size or 0))
        opcode = None
        while opcode != Opcode.CLOSE:
            opcode, length = yield from self._head()
            yield from self._skip(_MASK_BYTES + length)
        self.closed_by_client = True
        yield from self._skip_all()

    def _head(self) -> Generator[None, None, tuple[int, int]]:
        """Read the opcode and the payload's length, of whatever is no longer checked."""
        first, second = yield from self.reader.read_exact(2)
        length = second & 0x7F
        if length in _EXTENDED:
            length = int.from_bytes((yield from self.reader.read_exact(_EXTENDED[length])), "big")
        return first & 0x0F, length

    def _skip(self, count: int) -> Generator[None]:
        while count:
            skipped = min(count, len(self.reader.buffer))
            del self.reader.buffer[:skipped]
            count -= skipped
            if count:
                yield

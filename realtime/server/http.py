"""uvicorn's HTTP/1.1 protocol with bounds on what a request may take; `config.serve` starts it.

uvicorn waits for a request, and reads one, without end. It also loses the body of a request that offers to change to a
protocol it does not know (docs/adr/0013-server-edge.md).
"""

import json
import socket
from contextlib import suppress
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar

import httptools
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from realtime.concurrency.deadlines import Deadline
from realtime.server import file_descriptors

# A body over the limit is read up to so many times the limit, so that its client receives the refusal.
_REFUSED_TIMES = 4
# A client on a starved machine may need seconds between connecting and sending.
_HEADERS_SECONDS = 20.0
_BODY_SECONDS = 30.0
# The kernel drops a connection whose client has acknowledged nothing for so long: uvicorn waits until all is sent.
_UNACKNOWLEDGED_MS = 30_000
# What the kernel may hold beyond what the client's window takes. The rest waits in this process, where it is counted.
_UNSENT_BYTES = 131_072


def _tune(accepted: Any) -> None:
    """Set the options of an accepted socket, or of what uvloop has in its place."""
    if accepted.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, AttributeError):  # other kernels have other options
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


class Http(HttpToolsProtocol):
    """One connection: its requests one after the other, until one is a WebSocket handshake."""

    # All connections on which no request is in progress, the one that waits longest first.
    _waiting: ClassVar[dict["Http", None]] = {}

    _deadline: Deadline | None = None
    _taken = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        accepted = transport.get_extra_info("socket")
        if accepted is not None:
            _tune(accepted)
            if file_descriptors.are_short(accepted.fileno()):
                self._make_room()
        self._waiting[self] = None
        self._expect(_HEADERS_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.pop(self, None)
        self._clear_deadline()
        super().connection_lost(exc)

    # Bounds on time and bytes

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None and self._deadline is None:
            self._expect(_HEADERS_SECONDS)  # an empty line begins no request, but ends uvicorn's keep-alive timer
        self._taken += len(data)
        self._unset_keepalive_if_required()
        self._parse(memoryview(data))
        if (
            self._deadline is not None
            and self._taken > _REFUSED_TIMES * settings.REQUEST_MAX_BYTES
            and not self.transport.is_closing()
        ):
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waiting.pop(self, None)
        if self._deadline is None:
            self._expect(_HEADERS_SECONDS)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._expect(_BODY_SECONDS)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._taken = 0
        self._clear_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self._deadline is None and not self.transport.is_closing():
            self._waiting[self] = None

    def _expect(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = Deadline(self.loop, seconds, self.transport.abort)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Offers of another protocol (RFC 9110, section 7.8)

    def _should_upgrade(self) -> bool:
        """Return True: uvicorn then leaves every request with an offer to `_parse`."""
        return True

    def _parse(self, rest: memoryview) -> None:
        """Feed the parser, which stops after the head of a request that offers another protocol."""
        try:
            while rest:
                try:
                    self.parser.feed_data(rest)
                except httptools.HttpParserUpgrade as stopped:
                    if self._is_handshake():
                        return self.handle_websocket_upgrade()
                    rest = rest[stopped.args[0] :]
                    self._decline_offer()
                else:
                    return None
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # HttpParserUpgrade a second time: CONNECT, which is an offer by its method.
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("The request is not HTTP/1.1.")
        return None

    def _is_handshake(self) -> bool:
        """Whether the request can open a WebSocket (RFC 6455, section 4.2.1); all others are ordinary requests."""
        keys = self._values(b"sec-websocket-key")
        return (
            self.scope["method"] == "GET"
            and self.scope["http_version"] == "1.1"
            and b"websocket" in self._values(b"upgrade")
            and self._values(b"sec-websocket-version") == [b"13"]
            and len(keys) == 1
            and not self._values(b"transfer-encoding")
            and set(self._values(b"content-length")) <= {b"0"}
        )

    def _values(self, name: bytes) -> list[bytes]:
        """Return the members of a list header, in lower case."""
        lines = (value for header, value in self.headers if header == name)
        return [member.strip().lower() for line in lines for member in line.split(b",")]

    def _decline_offer(self) -> None:
        """Parse the head again without the offer, with a new parser that goes on to the body."""
        method, version = self.scope["method"].encode(), self.scope["http_version"].encode()
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def handle_websocket_upgrade(self) -> None:
        self._clear_deadline()
        # `Upgrade: h2c, websocket` is a handshake too; the websockets library takes only one name.
        self.headers[:] = [header for header in self.headers if header[0] != b"upgrade"]
        self.headers.append((b"upgrade", b"websocket"))
        super().handle_websocket_upgrade()
        # The parser and this object hold each other: a garbage collector's work, per socket.
        self.parser = None  # type: ignore[assignment]

    # Answers of this protocol itself

    def send_400_response(self, msg: str) -> None:
        self._answer(HTTPStatus.BAD_REQUEST, "malformed", msg)

    def _make_room(self) -> None:
        """Close connections on which no request is in progress, or refuse this one."""
        # Two for one: a burst is accepted before the first of it comes here, and may have taken all descriptors.
        longest = list(islice(self._waiting, 2))
        for other in longest:
            del self._waiting[other]
            other.transport.close()
        if not longest:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The server has no room for more connections.")

    def _answer(self, status: HTTPStatus, code: str, detail: str) -> None:
        """Send a problem document, as api/problems.py makes them, and close."""
        kind = f"urn:roomwire:error:{code}"
        problem = {"type": kind, "title": status.phrase, "status": status.value, "detail": detail, "code": code}
        body = json.dumps(problem).encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), *(b"%s: %s" % header for header in headers)]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()

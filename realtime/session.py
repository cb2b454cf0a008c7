"""The life of a connection: accepted, authenticated, its commands executed in order, closed.

It is no Channels consumer: those run every message as a task, hop to a shared thread before it, and have a channel of
their own on the channel layer, which only the hub uses here.
"""

import asyncio
import logging
import time
from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.errors import Unauthenticated
from accounts.tokens import Identity
from chat import wire
from core import database
from core.errors import Internal, Invalid, NotFound, RateLimited, RoomwireError, Unavailable
from realtime import lookups
from realtime.asgi_types import ClientGone, Message, Receive, Scope, Send, send_to
from realtime.commands import handlers, subscribe
from realtime.concurrency.deadlines import Deadline
from realtime.connection.connection import Connection
from realtime.connection.rate_limit import Allowance
from realtime.connection.registry import Connections
from realtime.delivery.bursts import OUTLET
from realtime.hub import Hub
from realtime.protocol import frames, replies
from realtime.protocol.close_codes import Close, close

logger = logging.getLogger(__name__)

_BAD_FRAMES = 10
_BAD_FRAMES_SECONDS = 60.0
# When a user with too many connections may try again.
_RETRY_SECONDS = 30.0


class Session:
    """One WebSocket of an ASGI server. The handshake has set `query`, `room` and `identity` in its `scope`."""

    __slots__ = (
        "allowance",
        "bad_frames",
        "closer",
        "closing",
        "connection",
        "connections",
        "deadline",
        "excess",
        "hub",
        "scope",
        "send",
    )

    def __init__(self, hub: Hub, connections: Connections, scope: Scope, send: Send) -> None:
        self.hub, self.connections, self.scope, self.send = hub, connections, scope, send
        self.connection: Connection | None = None
        self.deadline: Deadline | None = None
        self.closer: asyncio.Task[None] | None = None
        self.closing = False
        self.bad_frames: list[float] = []
        self.allowance, self.excess = Allowance(), Allowance()

    async def run(self, receive: Receive) -> None:
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                await self.dispatch(message)
        except ClientGone:
            logger.info("A client left during its handshake")
        except database.AWAY as error:
            logger.error("a connection could not be served: %s", error)
            await self._reject(frames.Rejected(Unavailable()))
            await self._close(Close.SERVER_ERROR)
        except Exception:
            logger.exception("a connection failed")
            await self._close(Close.SERVER_ERROR)
        finally:
            self._gone()

    async def dispatch(self, message: Message) -> None:
        if self.closing or (self.connection is not None and self.connection.closed):
            return  # it was read before the close: the client may do nothing more
        if message["type"] == "websocket.connect":
            await self._connect()
        elif message.get("text") is None:
            await self._close(Close.UNSUPPORTED_DATA)
        elif _size(message["text"]) > settings.REALTIME_FRAME_MAX_BYTES:  # not every server limits frames
            await self._close(Close.TOO_BIG)
        else:
            await self._frame(message["text"])

    # Beginning

    async def _connect(self) -> None:
        await self._send({"type": "websocket.accept", "subprotocol": frames.answered(self.scope.get("subprotocols"))})
        identity = self.scope["identity"]
        if self.connections.leaving:
            await self._send({"type": "websocket.send", "text": frames.goodbye("restarting", 0)})
            await self._close(Close.RESTARTING)
        elif identity is None:
            loop = asyncio.get_running_loop()
            self.deadline = Deadline(loop, settings.REALTIME_AUTHENTICATION_SECONDS, self._unheard)
        else:
            await self._begin(identity)

    async def _begin(self, identity: Identity) -> None:
        if settings.RATE_LIMITS and self.connections.of(identity.user_id) >= settings.REALTIME_CONNECTIONS_PER_USER:
            return await self._too_many(f"Too many connections ({settings.REALTIME_CONNECTIONS_PER_USER} per user).")
        outlet = self.scope.get("extensions", {}).get(OUTLET)
        self.connection = Connection(self.send, self.hub, identity, outlet)
        self.hub.listen()
        self.connections.add(self.connection)
        self._heard()
        self.connection.tell(_welcome(self.connection))
        room = self.scope["room"]
        if room is not None:
            await self._subscribe_to_url(self.connection, room)
        return None

    async def _subscribe_to_url(self, connection: Connection, room: str) -> None:
        """Subscribe to the room of `/ws/rooms/<id>/?since=`, and reply as to a command with the id "url"."""
        try:
            position = frames.position(self.scope["query"])
            await subscribe.subscribe_one(connection, "url", UUID(room), position)
        except Invalid as error:
            connection.tell(frames.refusal("url", error))
        except (NotFound, ValueError):
            await self._close(Close.NOT_FOUND)

    # Frames

    async def _frame(self, text: str) -> None:
        try:
            command = frames.decode(text)
        except frames.Rejected as rejected:
            await self._reject(rejected)
        else:
            if self.connection is None:
                await self._authenticate(command)
            elif wait := self._wait():
                await self._refuse(self.connection, command, wait)
            else:
                await self._carry_out(self.connection, command)
        if self.connection is not None:
            # Backpressure: no frame is read from a client that does not read its replies.
            await self.connection.drained()

    async def _carry_out(self, connection: Connection, command: frames.Command) -> None:
        """Execute a command. If it fails, its reply has the error, and the connection stays open."""
        try:
            if not isinstance(command, handlers.UNORDERED):
                await connection.sends.empty()
            await handlers.HANDLERS[type(command)](connection, command)
        except RoomwireError as error:
            connection.tell(frames.refusal(command.id, error))
        except database.AWAY as error:
            logger.error("%s failed: %s", type(command).__name__, error)
            connection.tell(frames.refusal(command.id, Unavailable()))
        except Exception:
            logger.exception("%s failed", type(command).__name__)
            connection.tell(frames.refusal(command.id, Internal()))

    def _wait(self) -> float:
        """Return the seconds until another command is allowed; 0 if it is now."""
        if not settings.RATE_LIMITS:
            return 0.0
        return self.allowance.take(settings.REALTIME_COMMANDS_PER_SECOND, settings.REALTIME_COMMANDS_AT_ONCE)

    async def _refuse(self, connection: Connection, command: frames.Command, wait: float) -> None:
        """Refuse a command beyond the rate limit, and close the connection of a client that goes on."""
        limit = f"Command rate limit exceeded ({settings.REALTIME_COMMANDS_PER_SECOND} per second)."
        connection.tell(frames.refusal(command.id, RateLimited(wait, limit)))
        if self.excess.take(settings.REALTIME_COMMANDS_PER_SECOND / 10, settings.REALTIME_COMMANDS_AT_ONCE):
            await self._close(Close.TOO_MANY)

    async def _too_many(self, limit: str) -> None:
        refusal = frames.refusal(None, RateLimited(_RETRY_SECONDS, limit))
        await self._send({"type": "websocket.send", "text": refusal})
        await self._close(Close.TOO_MANY)

    async def _authenticate(self, command: frames.Command) -> None:
        """Handle the first frame of a client that presented no credentials in the handshake."""
        if not isinstance(command, frames.Authenticate):
            refusal = frames.refusal(command.id, Unauthenticated("Authenticate first."))
            await self._send({"type": "websocket.send", "text": refusal})
            return
        self._heard()  # the frame arrived in time, however long the look-up takes
        try:
            identity = await lookups.bearer(command.token)
        except Unauthenticated:
            await self._close(Close.UNAUTHENTICATED)
            return
        await self._begin(identity)
        if command.id is not None and self.connection is not None:
            self.connection.tell(frames.reply(command.id, replies.Authenticated(wire.moment(identity.expires_at))))

    async def _reject(self, rejected: frames.Rejected) -> None:
        frame = frames.refusal(rejected.command_id, rejected.error)
        if self.connection is None:
            await self._send({"type": "websocket.send", "text": frame})
        else:
            self.connection.tell(frame)
        if rejected.no_command:
            now = time.monotonic()
            self.bad_frames = [at for at in self.bad_frames if now - at < _BAD_FRAMES_SECONDS] + [now]
            if len(self.bad_frames) == _BAD_FRAMES:
                await self._close(Close.BAD_COMMANDS)

    async def _send(self, message: Message) -> None:
        """Send to a client that is not authenticated yet, and so has no outlet. Raises ClientGone."""
        await send_to(self.send, message)

    # Ending

    def _unheard(self) -> None:
        self.closer = asyncio.get_running_loop().create_task(self._close(Close.TOO_SLOW))

    def _heard(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    async def _close(self, code: Close) -> None:
        self.closing = True
        if self.connection is not None:
            await self.connection.close(code)
            return
        with suppress(OSError, RuntimeError):  # the client or the server has closed it already
            await close(self.send, code)

    def _gone(self) -> None:
        self._heard()
        if self.connection is not None:
            self.connections.remove(self.connection)
            self.connection.abandon()


def _welcome(connection: Connection) -> str:
    limits = frames.Limits(
        frame_bytes=settings.REALTIME_FRAME_MAX_BYTES,
        body_characters=settings.MESSAGE_BODY_MAX,
        data_bytes=settings.MESSAGE_DATA_MAX_BYTES,
        rooms_per_connection=settings.REALTIME_ROOMS_PER_CONNECTION,
        connections_per_user=settings.REALTIME_CONNECTIONS_PER_USER,
        commands_per_second=settings.REALTIME_COMMANDS_PER_SECOND,
        commands_at_once=settings.REALTIME_COMMANDS_AT_ONCE,
    )
    user = wire.User(connection.user_id, connection.identity.username)
    now = wire.moment(timezone.now())
    welcome = frames.Welcome(connection.id, user, settings.REALTIME_HEARTBEAT_SECONDS, limits, now)
    return frames.encode(welcome)


def _size(text: str) -> int:
    """Return the size in bytes; the number of characters where that exceeds the limit already."""
    return len(text) if len(text) > settings.REALTIME_FRAME_MAX_BYTES else len(text.encode("utf-8", "surrogatepass"))

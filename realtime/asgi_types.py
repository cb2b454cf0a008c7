"""Types of ASGI (https://asgi.readthedocs.io), as far as WebSockets need them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class ClientGone(Exception):
    """The client has disconnected: nothing can be sent."""


async def send_to(send: Send, message: Message) -> None:
    """Send to a client. Raises ClientGone; servers raise OSError, or RuntimeError for a socket that is closing."""
    try:
        await send(message)
    except (OSError, RuntimeError) as error:
        raise ClientGone(str(error)) from error

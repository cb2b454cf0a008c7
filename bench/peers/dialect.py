"""How a client talks to a server: what differs between the peers on the wire."""

from abc import ABC, abstractmethod

from bench.site import Seat


class Refused(Exception):
    """The server said no."""


class Dialect(ABC):
    """Stateless, and sent to the processes of the load generator as it is."""

    @abstractmethod
    def path(self, seat: Seat) -> str:
        """What the upgrade request asks for."""

    @abstractmethod
    def greet(self, seat: Seat, frame: bytes | None) -> str | bool:
        """After the upgrade (None), then after each frame: True when subscribed, or what to say next, or False.

        Raises Refused.
        """

    @abstractmethod
    def message(self, room: str, number: int, text: str) -> str:
        """The frame that sends a message."""

    @abstractmethod
    def answered(self, frame: bytes) -> int | None:
        """The number of the message that this frame acknowledges, if it is of that kind. Raises Refused."""

    def seq(self, frame: bytes) -> int | None:
        """The place of a message in its room, where the server gives it one."""
        return None

    def heartbeat(self, frame: bytes) -> str | None:
        """What to answer when this frame asks for a sign of life, where that isn't the WebSocket's own ping."""
        return None

    def echo(self) -> str:
        """The frame to which `echoed` is the answer, without any database."""
        raise NotImplementedError

    def echoed(self, frame: bytes) -> bool:
        raise NotImplementedError

    def logout(self) -> str:
        """The path of the POST that revokes the token it comes with."""
        raise NotImplementedError

    def slow(self, room: str) -> str:
        """A command whose query takes 50 ms, when the peer's `slowed` is in force."""
        raise NotImplementedError

    def slept(self, frame: bytes) -> bool:
        """Whether that has been answered. Raises Refused."""
        raise NotImplementedError

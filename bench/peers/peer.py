"""A server that can be measured: prepared once, provisioned and started anew for each scenario."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from bench.ground import Ground
from bench.load.sockets import Line
from bench.peers.dialect import Dialect
from bench.servers import HOST, Server
from bench.site import Layout, Site


class Peer(ABC):
    """`roams`: one socket can send to any room."""

    name: ClassVar[str]
    dialect: ClassVar[Dialect]
    roams: ClassVar[bool] = True

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.database = f"bench_{self.name}"

    @abstractmethod
    def prepare(self) -> None:
        """Make its database, or install it. Raises Failed, and it is left out."""

    @abstractmethod
    def provision(self, layout: Layout) -> Site:
        """New rooms and new people."""

    @abstractmethod
    def server(self, site: Site) -> Server:
        """One worker that serves this site."""

    def second_server(self, site: Site) -> Server:
        """Another worker, beside the first."""
        raise NotImplementedError

    def stored(self, site: Site) -> int | None:
        """The messages in these rooms, from the database; None if it keeps none."""
        return None

    @contextmanager
    def slowed(self) -> Iterator[None]:
        """While this lasts, the query of the dialect's slow command takes 50 ms."""
        yield

    def line(self, server: Server) -> Line:
        return Line(HOST, server.port, self.dialect)

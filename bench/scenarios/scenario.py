"""What a scenario is, and what several of them do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from bench.peers.peer import Peer
from bench.servers import Server
from bench.site import Layout, Site
from bench.workers import Facts, Failed

CONNECT_SECONDS = 60.0


class Scenario(ABC):
    """`peers` are the names of those it can be run with. A quick run is to see that it works.

    `in_flight` is per sender, where the scenario doesn't prescribe it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    peers: ClassVar[tuple[str, ...]]

    def __init__(self, *, quick: bool, in_flight: int) -> None:
        self.quick, self.in_flight = quick, in_flight

    @abstractmethod
    def run(self, peer: Peer) -> Facts:
        """Measure. Raises Failed."""


@contextmanager
def serving(peer: Peer, layout: Layout) -> Iterator[tuple[Site, Server]]:
    """A new site and a fresh server for it."""
    site = peer.provision(layout)
    with peer.server(site) as server:
        try:
            yield site, server
        except Failed as error:
            raise Failed(f"{error}\nThe server said: {server.log_tail() or 'nothing'}") from error

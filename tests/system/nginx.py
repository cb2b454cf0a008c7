"""Debian's nginx with the shipped configuration, of which only paths, ports and TLS are changed."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml

from devtools.process import end, spawn
from tests.servers import PROJECT, free_port
from tests.system.programs import require_program

SHIPPED = PROJECT / "deploy" / "nginx"
# What an operator uncomments for TLS.
TLS_LINES = ("listen 443", "ssl_certificate", "ssl_certificate_key", "ssl_protocols", "ssl_session_cache")


class Nginx:
    """`upstreams` maps the service names of the configuration (`web`, `rest`) to ports of this machine. `replace`
    changes further words of the configuration."""

    def __init__(
        self,
        folder: Path,
        configuration: str,
        upstreams: Mapping[str, int],
        *,
        tls: tuple[Path, Path] | None = None,
        replace: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.configuration, self.tls = folder, configuration, tls
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"https://localhost:{self.tls_port}" if tls else f"http://127.0.0.1:{self.port}"
        words = {
            "user nginx;": "user root;" if os.getuid() == 0 else "",
            "worker_processes auto;": "worker_processes 1;",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/var/log/nginx/": f"{folder}/",
            "/srv/roomwire;": f"{folder};",
            "/etc/nginx/tls/": f"{folder}/tls/",
            "listen 80 ": f"listen 127.0.0.1:{self.port} ",
            "listen 443 ": f"listen 127.0.0.1:{self.tls_port} ",
            # An ordinary user can't write to the folder that Debian's nginx was compiled with.
            "include http.inc;": "include http.inc; "
            + " ".join(
                f"{name}_temp_path {folder}/temp;" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            ),
        }
        words |= {f"{name}:8000": f"127.0.0.1:{port}" for name, port in upstreams.items()}
        self._words = words | dict(replace or {})

    def __enter__(self) -> Self:
        self._render()
        command = [require_program("nginx"), "-p", str(self.folder), "-e", str(self.folder / "start.log")]
        command += ["-c", str(self.folder / self.configuration), "-g", "daemon off;"]
        with (self.folder / "start.log").open("ab") as log:
            self.process = spawn(command, cwd=self.folder, env={}, log=log)
        deadline = time.monotonic() + 30
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"nginx did not start:\n{(self.folder / 'start.log').read_text()}")
            time.sleep(0.05)
        return self

    def _render(self) -> None:
        for path in SHIPPED.iterdir():
            text = path.read_text()
            if self.tls:
                for line in TLS_LINES:
                    text = text.replace(f"#{line}", line)
            for word, replacement in self._words.items():
                text = text.replace(word, replacement)
            (self.folder / path.name).write_text(text)
        if self.tls:
            (self.folder / "tls").mkdir(exist_ok=True)
            for path, name in zip(self.tls, ("fullchain.pem", "privkey.pem"), strict=True):
                shutil.copy(path, self.folder / "tls" / name)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.tls_port if self.tls else self.port)) == 0

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    @property
    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return set(map(int, children.split()))

    @property
    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def __exit__(self, *_: object) -> None:
        end(self.process, [(signal.SIGTERM, 15)])


def gunicorn_command() -> str:
    """Return the command of the hybrid's REST servers as Compose runs it, at a `{port}` of this machine."""
    services = yaml.safe_load((PROJECT / "deploy" / "compose.hybrid.yaml").read_text())["services"]
    command: str = services["rest"]["command"]
    return command.replace("0.0.0.0:8000", "127.0.0.1:{port}")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of localhost and its key, which no browser trusts."""
    paths = folder / "certificate.pem", folder / "key.pem"
    command = [require_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return paths

"""What the servers stand on: PostgreSQL as in production, synced to disk, and Valkey; and the folder for it all."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.workers import Failed
from devtools.files import claim
from devtools.postgres import Postgres
from devtools.valkey import Valkey

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "var" / "bench"
_PATIENCE = 180.0


@dataclass(frozen=True)
class Ground:
    postgres: Postgres
    valkey: Valkey

    def database(self, name: str) -> str:
        """The URL of a database of this name, made if there is none."""
        return self.postgres.create_database(name)


@contextmanager
def prepared() -> Iterator[Ground]:
    """Raises ServiceError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(data=FOLDER / "postgres")
    with claim(FOLDER):
        shutil.rmtree(postgres.home, ignore_errors=True)  # of a run that was killed
        try:
            with postgres, Valkey() as valkey:
                yield Ground(postgres, valkey)
        finally:
            shutil.rmtree(postgres.home, ignore_errors=True)


def run(command: list[str], env: dict[str, str], *, cwd: Path = PROJECT, said: str | None = None) -> str:
    """What a program prints that does its work and ends. Raises Failed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=cwd, env=env, input=said, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{command}: {error}") from error
    if done.returncode != 0:
        raise Failed(f"{command[:3]} failed:\n{done.stderr[-2000:]}")
    return done.stdout

"""Processes on this machine: starting them, waiting for them, and ending them with their children."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

_GUARD = Path(__file__).with_name("guard.py")

Steps: TypeAlias = Sequence[tuple[signal.Signals, float]]


class ServiceError(Exception):
    """A service that can't be started or has died. The message is shown to the user."""


class Account(NamedTuple):
    """The user and group that a program runs as."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: BinaryIO | None = None,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program, given by its full path, that receives `death_signal` when this process dies.

    The program has its own session: Ctrl-C reaches only this process, which decides the order in which programs end.
    `death_signal` works on Linux only. The kernel sends it when the *thread* that started the program ends. Threads
    other than the main one may end long before the process, so programs that they start do not get it.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    uid, gid = account or (os.getuid(), os.getgid())
    terms = (os.getpid(), int(death_signal) if in_main_thread else 0, uid, gid)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *map(str, terms), *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], steps: Steps) -> None:
    """Send each signal and wait its seconds, until the program ends. Then send SIGKILL to the whole process group."""
    for number, seconds in steps:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    # Also if the program itself has ended: the workers of a crashed server may still run.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for the condition, and return whether it became true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

"""Programs on this machine: started, waited for, ended with everything they started."""

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
    """Something can't be started or has died; the text is for the person who asked for it."""


class Account(NamedTuple):
    """Whom a program runs as."""

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
    """Start a program (by its full path) that gets `death_signal` should this process vanish.

    It has a session of its own: Ctrl-C reaches us alone, and we choose the order of the end.
    `death_signal` is Linux's. The kernel watches the *thread* that starts the program, so threads
    other than the main one, which may end long before the process does, start it without.
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
    """Send each signal and give it its seconds; at last SIGKILL, to the whole process group."""
    for number, seconds in steps:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    # Also when the program itself has gone: the workers of a crashed server have not.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

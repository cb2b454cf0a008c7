"""Processes of the load generator: each plays one role, and speaks with us over a pipe in named notes."""

import asyncio
import gc
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar

import uvloop

_GRACE_SECONDS = 5.0

Spec = TypeVar("Spec")
Facts = dict[str, Any]


class Failed(Exception):
    """A measurement could not be made; the text says why."""


class Control:
    """The worker's end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._heard: asyncio.Queue[tuple[str, Facts]] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(pipe.fileno(), self._read)

    def tell(self, note: str, **facts: Any) -> None:
        self._pipe.send((note, facts))

    async def hear(self, note: str) -> Facts:
        """The next note, which has to be this one."""
        heard, facts = await self._heard.get()
        if heard != note:
            raise Failed(f"heard {heard!r} instead of {note!r}")
        return facts

    def _read(self) -> None:
        try:
            self._heard.put_nowait(self._pipe.recv())
        except EOFError:
            os._exit(1)  # whoever started us is gone, and nobody wants the result


class Worker:
    """Our end: a process for the length of a `with`. Every wait has a limit."""

    def __init__(self, role: Callable[[Spec, Control], Awaitable[Facts]], spec: Spec) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._theirs = theirs
        self._name = role.__name__
        self._process = context.Process(target=_play, args=(role, spec, theirs), daemon=True)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(_GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def tell(self, note: str, **facts: Any) -> None:
        """Raises Failed."""
        try:
            self._pipe.send((note, facts))
        except OSError:
            self.hear(note, 0)  # it has ended, and its last note says why

    def hear(self, note: str, within: float) -> Facts:
        """The next note, which has to be this one. Raises Failed."""
        if not self._pipe.poll(within):
            raise Failed(f"{self._name}: no {note!r} within {within:.0f} s")
        try:
            heard, facts = self._pipe.recv()
        except EOFError:
            raise Failed(f"{self._name}: ended before {note!r}") from None
        if heard != note:
            raise Failed(f"{self._name}: {facts.get('why', heard)}")
        return dict(facts)

    def result(self, within: float) -> Facts:
        return self.hear("result", within)


class Stopwatch:
    """A window of time, and this process's share of a CPU in it."""

    def __init__(self) -> None:
        self.began, self._cpu = time.monotonic_ns(), time.process_time_ns()
        self.ended, self._cpu_ended = self.began, self._cpu

    def stop(self) -> None:
        self.ended, self._cpu_ended = time.monotonic_ns(), time.process_time_ns()

    @property
    def seconds(self) -> float:
        return (self.ended - self.began) / 1e9

    @property
    def cpu(self) -> float:
        return (self._cpu_ended - self._cpu) / max(1, self.ended - self.began)


def _play(role: Callable[[Spec, Control], Awaitable[Facts]], spec: Spec, pipe: Connection) -> None:
    # Ctrl-C is for whoever started us, and ends us by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Short-lived, and its latencies are the measurement: no pauses for the collection of cycles.
    gc.disable()
    uvloop.run(_report(role, spec, pipe))


async def _report(role: Callable[[Spec, Control], Awaitable[Facts]], spec: Spec, pipe: Connection) -> None:
    control = Control(pipe)
    try:
        control.tell("result", **await role(spec, control))
    except Exception as error:
        last = traceback.format_exception(error)[-12:]
        control.tell("failed", why=f"{type(error).__name__}: {error}\n{''.join(last)}")
    # Thousands of open sockets are closed by the end of the process, at once.
    os._exit(0)

"""The receivers of P2 and of the calibration: told when the window opens and closes, and how much was sent."""

import asyncio
import contextlib
from dataclasses import dataclass

from bench.figures import milliseconds
from bench.load.sockets import Line
from bench.load.tally import Hall
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch


@dataclass(frozen=True)
class Audience:
    line: Line
    seats: list[Seat]
    readers: int
    patience: float


async def receive(spec: Audience, control: Control) -> Facts:
    hall = Hall()
    await hall.fill(spec.line, spec.seats, readers=spec.readers)
    control.tell("ready")
    await control.hear("open")
    before, watch = hall.total, Stopwatch()
    await control.hear("close")
    deliveries = hall.total - before
    watch.stop()
    expected = (await control.hear("expect"))["messages"]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(spec.patience):
            await hall.expect(expected * len(spec.seats))
    # A message too many would come right after the last one.
    await asyncio.sleep(0.2)
    ages = [age for reader in hall.readers for at, age in reader.ages if watch.began <= at <= watch.ended]
    return {
        "deliveries_per_s": round(deliveries / watch.seconds),
        "latency": milliseconds(ages),
        "generator_cpu": round(watch.cpu, 2),
        "window_s": round(watch.seconds, 2),
        "received": hall.total,
        "complaints": hall.complaints(),
    } | hall.differences(expected)

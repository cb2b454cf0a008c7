"""P4's and P5's clients: they come in groups, when told, and stay."""

from dataclasses import dataclass

from bench.figures import milliseconds
from bench.load.sockets import Line, Socket, complaints, connect_all
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch


@dataclass(frozen=True)
class Groups:
    line: Line
    groups: list[list[Seat]]


async def arrive(spec: Groups, control: Control) -> Facts:
    """For each "go" one group connects, and is "there"."""
    sockets: list[Socket] = []
    for group in spec.groups:
        await control.hear("go")
        watch = Stopwatch()
        came = await connect_all(spec.line, group)
        watch.stop()
        sockets += came
        control.tell(
            "there",
            connects_per_s=round(len(group) / watch.seconds),
            connect=milliseconds([each.took for each in came]),
            generator_cpu=round(watch.cpu, 2),
        )
    await control.hear("end")
    return {"complaints": complaints(sockets)[:5]}

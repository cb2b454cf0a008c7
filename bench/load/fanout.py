"""P1's clients: a hall of receivers and one sender, one message at a time."""

import asyncio
from dataclasses import dataclass

from bench import body
from bench.figures import milliseconds
from bench.load.sockets import Line, Socket, complaints, connect
from bench.load.tally import Hall
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch

_WAVE_SECONDS = 15.0


@dataclass(frozen=True)
class Waves:
    """`pause` seconds pass between a message's last receipt and the next message."""

    line: Line
    receivers: list[Seat]
    sender: Seat
    readers: int
    warmup: float
    window: float
    pause: float = 0.0


async def one_at_a_time(spec: Waves, control: Control) -> Facts:
    """The next message is sent when all receivers have got the last one."""
    hall = Hall()
    await hall.fill(spec.line, spec.receivers, readers=spec.readers)
    # Listening for answers only to be told of a refusal.
    sender = await connect(spec.line, spec.sender, spec.line.dialect.answered)
    speaker = Speaker(spec, hall, sender)
    await speaker.speak_for(spec.warmup)
    control.tell("open")
    before, watch = hall.total, Stopwatch()
    messages = await speaker.speak_for(spec.window)
    watch.stop()
    control.tell("close")
    ages = [age for reader in hall.readers for at, age in reader.ages if at >= watch.began]
    return {
        "deliveries_per_s": round((hall.total - before) / watch.seconds),
        "messages_per_s": round(messages / watch.seconds, 1),
        "latency": milliseconds(ages),
        "generator_cpu": round(watch.cpu, 2),
        "complaints": complaints([sender]) + hall.complaints(),
    } | hall.differences(speaker.sent)


class Speaker:
    """Sends, and waits until everybody has heard it."""

    def __init__(self, spec: Waves, hall: Hall, socket: Socket) -> None:
        self.spec, self.hall, self.socket = spec, hall, socket
        self.sent = 0

    async def speak_for(self, seconds: float) -> int:
        """How many messages it were."""
        loop, sent = asyncio.get_running_loop(), self.sent
        end = loop.time() + seconds
        while loop.time() < end and await self._speak():
            if self.spec.pause:
                await asyncio.sleep(self.spec.pause)
        return self.sent - sent

    async def _speak(self) -> bool:
        """Whether it was heard by all in time."""
        self.sent += 1
        heard = self.hall.expect(self.sent * len(self.spec.receivers))
        text = body.write(self.sent)
        self.socket.say(self.spec.line.dialect.message(self.spec.sender.room, self.sent, text))
        try:
            async with asyncio.timeout(_WAVE_SECONDS):
                await heard
        except TimeoutError:
            return False
        return True

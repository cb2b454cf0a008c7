"""What an announcer is given, and what a layer was sent."""

from uuid import uuid4

from chat.eventlog import announcements
from core.announcer import Announcer
from tests.unit.stand_ins import Layer

EPOCH = uuid4()


def put(announcer: Announcer, room, *seqs: int, epoch=EPOCH, size: int = 0) -> None:
    for seq in seqs:
        announcer.put(announcements.Appended(room, epoch, seq, [f"{seq}" + "x" * size]))


def told(layer: Layer, room) -> list[tuple[int, list[str]]]:
    """The batches a room was sent: each its first seq and its payloads."""
    return [(said["seq"], said["payloads"]) for group, said in layer.sent if group == announcements.group(room)]


def payloads(layer: Layer, room) -> list[str]:
    return [payload for _, batch in told(layer, room) for payload in batch]

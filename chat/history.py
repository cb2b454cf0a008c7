"""The event log over REST: the same entries as on the WebSocket, with the same recovery."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chat import permissions
from chat.eventlog import generations, log
from chat.eventlog.log import Entry, Head
from chat.eventlog.positions import Position, continued


@dataclass(frozen=True, slots=True)
class Page:
    """A page of events. `recovered` is False if the log cannot continue from the requested `seq`."""

    head: Head
    recovered: bool
    entries: Sequence[Entry]

    @property
    def more(self) -> bool:
        return bool(self.entries) and self.entries[-1].seq < self.head.seq


def page(*, user_id: UUID, room_id: UUID, after_seq: int, limit: int, epoch: UUID | None = None) -> Page:
    """Return up to `limit` events after `after_seq` of `epoch`, in a room that the user may read. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    head = Head(generations.epoch_of(room), room.last_seq)
    if not continued({room_id: Position(after_seq, epoch)}, {room_id: head}):
        return Page(head, recovered=False, entries=[])
    # Not beyond the head at which the right to read was checked.
    entries = [entry for entry in log.read(room_id=room.id, after=after_seq, limit=limit) if entry.seq <= room.last_seq]
    continues = entries[0].seq == after_seq + 1 if entries else after_seq == head.seq
    return Page(head, continues, entries)

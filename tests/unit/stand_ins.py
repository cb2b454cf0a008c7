"""Plain objects in the places of the log, of a connection and of a channel layer."""

import asyncio
import json
from types import MappingProxyType
from uuid import UUID, uuid4

from channels.layers import InMemoryChannelLayer

from chat.eventlog import announcements
from chat.eventlog.log import Entry, Head
from realtime.delivery.bursts import Burst


def payload(seq: int, text: str = "") -> str:
    return json.dumps({"type": "message.created", "seq": seq, "data": text}, separators=(",", ":"))


def departure(seq: int, user_id: UUID, reason: str = "left") -> str:
    data = {"user": {"id": str(user_id), "username": "somebody"}, "reason": reason}
    return json.dumps({"type": "member.left", "seq": seq, "data": data}, separators=(",", ":"))


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(seq, payload(seq)) for seq in range(first, last + 1)]


class Log:
    """One room's log in a list, which can fail, take its time, and lose its beginning."""

    def __init__(self, count: int = 0):
        self.room_id, self.epoch = uuid4(), uuid4()
        self.entries = entries(1, count)
        self.last_seq = count
        self.fails = False
        self.taken_back = False
        self.deleted = False
        self.strangers: set[UUID] = set()
        self.reads = 0
        self.answers = asyncio.Event()
        self.answers.set()

    @property
    def head(self) -> Head:
        return Head(self.epoch, self.last_seq)

    def append(self, count: int = 1, text: str = "") -> list[Entry]:
        return [self.add(payload(self.last_seq + 1, text)) for _ in range(count)]

    def leave(self, user_id: UUID) -> Entry:
        return self.add(departure(self.last_seq + 1, user_id))

    def add(self, text: str) -> Entry:
        self.notice()
        self.last_seq += 1
        self.entries.append(Entry(self.last_seq, text))
        return self.entries[-1]

    def prune(self, through: int) -> None:
        self.entries = [entry for entry in self.entries if entry.seq > through]

    def restore(self, seq: int) -> None:
        """The backup that an operator brings back ended at `seq`."""
        self.entries = [entry for entry in self.entries if entry.seq <= seq]
        self.last_seq, self.epoch = seq, uuid4()

    def take_back(self, seq: int) -> None:
        """A standby took over that ended at `seq`; nobody has noticed."""
        epoch = self.epoch
        self.restore(seq)
        self.epoch, self.taken_back = epoch, True

    def notice(self) -> None:
        """As `chat.eventlog.log` does, when it writes to the room or finds it behind where it stood."""
        if self.taken_back:
            self.epoch, self.taken_back = uuid4(), False

    async def read(self, *, room_id: UUID, after: int, limit: int) -> list[Entry]:
        self.reads += 1
        found = [entry for entry in self.entries if entry.seq > after][:limit]
        await self._answer()
        return found

    async def heads(self, room_ids, stood=MappingProxyType({})) -> dict[UUID, Head]:
        if any(head.epoch == self.epoch and head.seq > self.last_seq for head in stood.values()):
            self.notice()
        stands = {} if self.deleted or self.room_id not in room_ids else {self.room_id: self.head}
        await self._answer()
        return stands

    async def readers(self, *, room_id: UUID, user_ids) -> set[UUID]:
        allowed = set(user_ids) - self.strangers
        await self._answer()
        return allowed

    async def _answer(self) -> None:
        await asyncio.sleep(0.001)
        await self.answers.wait()
        if self.fails:
            raise OSError("the database is away")

    def announcement(self, *found: Entry, epoch: UUID | None = None) -> dict:
        return {
            "type": announcements.ANNOUNCEMENT,
            "room": str(self.room_id),
            "epoch": str(epoch or self.epoch),
            "seq": found[0].seq,
            "payloads": [entry.payload for entry in found],
        }


class Listener:
    """A subscriber that writes down what it is given, takes nothing while `full`, and can be `closed`."""

    def __init__(self, user_id: UUID | None = None):
        self.user_id = user_id or uuid4()
        self.frames: list[dict] = []
        self.forgotten: list[UUID] = []
        self.closed = False
        self._room = asyncio.Event()
        self.take()

    def stall(self) -> None:
        self.full = True
        self._room.clear()

    def take(self) -> None:
        self.full = False
        self._room.set()

    def close(self) -> None:
        self.closed = True
        self._room.set()

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames if "seq" in frame]

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [(frame["type"], frame["reason"]) for frame in self.frames if "seq" not in frame]

    def offer(self, burst: Burst) -> bool:
        if self.full:
            return False
        for text in burst.texts:
            self.tell(text)
        return True

    def tell(self, frame: str) -> None:
        self.frames.append(json.loads(frame))

    async def drained(self) -> bool:
        await self._room.wait()
        return not self.closed

    def forget(self, room_id: UUID) -> None:
        self.forgotten.append(room_id)


async def all_alive(identities) -> set[UUID]:
    """What `Connections` asks, where nothing is ever revoked."""
    return set()


class Layer(InMemoryChannelLayer):
    """The in-memory layer, which can be away or slow, and remembers what was sent to groups."""

    def __init__(self, **config):
        super().__init__(**config)
        self.away = False
        self.sent: list[tuple[str, dict]] = []
        self.taking = asyncio.Event()
        self.taking.set()

    async def group_send(self, group, message):
        await self.taking.wait()
        self._there()
        self.sent.append((group, message))
        await super().group_send(group, message)

    async def group_add(self, group, channel):
        self._there()
        await super().group_add(group, channel)

    async def group_discard(self, group, channel):
        self._there()
        await super().group_discard(group, channel)

    async def new_channel(self, prefix="specific."):
        self._there()
        return await super().new_channel(prefix)

    def _there(self) -> None:
        if self.away:
            raise ConnectionError("the layer is away")


LAYERS = {"default": {"BACKEND": "tests.unit.stand_ins.Layer"}}

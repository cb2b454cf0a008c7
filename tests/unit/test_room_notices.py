"""A client is sent exactly one `room.removed`, whichever of its two sources comes first; and `room.added` after it."""

from uuid import UUID

import pytest

from realtime.connection.room_notices import RoomNotices

ROOM, OTHER = UUID(int=1), UUID(int=2)

# What happens: s(ubscribed), u(nsubscribed), e(nded by the log, which sends `room.removed` itself), l(eft: announced),
# a(dded: announced). What is sent, in order: "E" by the log, "L" and "A" by the announcements.
TABLE = {
    "l": "L",
    "a": "A",
    "al": "AL",
    "s": "",
    "se": "E",
    "sel": "E",
    "sle": "E",
    "sll": "",
    "slle": "E",
    "sela": "EA",
    "sea": "EA",
    "seal": "EAL",
    "slae": "EA",
    "slale": "E",
    "slaae": "EA",
    "sa": "A",
    "sae": "AE",
    "su": "",
    "sul": "L",
    "slu": "",
    "slul": "L",
    "slau": "",
    "slaul": "L",
    "seul": "E",
    "sesl": "E",
    "sesle": "EE",
    "sse": "E",
    "slse": "E",
}


class Client:
    """A connection, as far as notices go."""

    def __init__(self):
        self.rooms: set[UUID] = set()
        self.notices = RoomNotices(self.rooms)

    def subscribe(self, room: UUID) -> None:
        self.rooms.add(room)
        self.notices.subscribed(room)

    def sent(self, events: str, room: UUID = ROOM) -> str:
        """Apply the events, and return what is sent."""
        return "".join(self._sent(event, room) for event in events)

    def _sent(self, event: str, room: UUID) -> str:
        match event:
            case "s":
                self.subscribe(room)
                return ""
            case "u":
                self.rooms.discard(room)
                self.notices.unsubscribed(room)
                return ""
            case "e":
                frame = self.notices.log_ended(room)
                self.rooms.discard(room)
                return "E" + (frame or "")
            case _:
                return self.notices.announced(room, event.upper(), over=event == "l") or ""


@pytest.mark.parametrize("events", TABLE)
def test_each_order_of_events_sends_each_notice_once(events):
    assert Client().sent(events) == TABLE[events]


def test_of_several_held_frames_the_last_is_sent():
    client = Client()
    client.subscribe(ROOM)
    for frame, over in (("left", True), ("first", False), ("second", False)):
        assert client.notices.announced(ROOM, frame, over=over) is None
    assert client.notices.log_ended(ROOM) == "second"


@pytest.mark.parametrize("events", TABLE)
def test_rooms_are_independent(events):
    client = Client()
    assert client.sent("sla", OTHER) == ""
    assert client.sent(events) == TABLE[events]
    assert client.sent("e", OTHER) == "EA"

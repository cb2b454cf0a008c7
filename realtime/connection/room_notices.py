"""Which of two sources tells a client that its user has left a room, so that exactly one does.

The room's log ends the subscription with its own event, and an announcement to the user reaches all of their
connections, subscribed or not. The two arrive in any order. For each room of a connection this is a state machine:

    state           | log ends the subscription | announced: left     | announced: added        | subscribed
    ----------------|---------------------------|---------------------|------------------------|-----------
    (none)          | -                         | send                | send                   | SUBSCRIBED
    SUBSCRIBED      | LOG_ENDED                 | AWAITING_LOG        | send                   | SUBSCRIBED
    AWAITING_LOG    | (none), send a held frame | AWAITING_LOG        | hold the frame         | SUBSCRIBED
    LOG_ENDED       | -                         | (none)              | (none), send           | SUBSCRIBED

Unsubscribing leads from SUBSCRIBED and AWAITING_LOG to none. "Log ends" is sent by the hub as `room.removed`.
"""

from collections.abc import Container
from uuid import UUID


class RoomNotices:
    """The states of one connection's rooms. A method that returns a frame wants it sent now.

    `subscribed` has the rooms that the connection is subscribed to. Only the states that few connections ever have take
    memory: AWAITING_LOG, with the `room.added` that is held, and LOG_ENDED.
    """

    __slots__ = ("_awaiting", "_ended", "_subscribed")

    def __init__(self, subscribed: Container[UUID]) -> None:
        self._subscribed = subscribed
        self._awaiting: dict[UUID, str | None] | None = None
        self._ended: set[UUID] | None = None

    def subscribed(self, room_id: UUID) -> None:
        """Note that the connection has subscribed, for the first time or again."""
        self.unsubscribed(room_id)
        if self._ended:
            self._ended.discard(room_id)

    def unsubscribed(self, room_id: UUID) -> None:
        """Note that the client has ended the subscription."""
        if self._awaiting:
            self._awaiting.pop(room_id, None)

    def log_ended(self, room_id: UUID) -> str | None:
        """Note that the hub has ended the subscription; return a `room.added` that waited for this."""
        if self._awaiting and room_id in self._awaiting:
            return self._awaiting.pop(room_id)
        if room_id in self._subscribed:
            self._ended = self._ended or set()
            self._ended.add(room_id)
        return None

    def announced(self, room_id: UUID, frame: str, *, over: bool) -> str | None:
        """Note an announcement to the user: `room.removed` if `over`, else `room.added`. Return it if it is to send."""
        awaits = bool(self._awaiting) and room_id in (self._awaiting or ())
        if awaits or (over and room_id in self._subscribed):
            self._awaiting = self._awaiting or {}
            self._awaiting[room_id] = None if over else frame
            return None
        if self._ended and room_id in self._ended:
            self._ended.discard(room_id)
            return None if over else frame
        return frame

"""Typing notifications in the rooms of this process, and their expiry.

Every process ends the notifications that it has forwarded, so that they end in time even if the sender's process dies,
or the sender used HTTP.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
from django.utils import timezone

from chat import wire
from realtime.delivery.feed import Feed

_TYPING = '{"type":"typing.'


class _Said(msgspec.Struct, frozen=True):
    type: str
    data: wire.Typist


_decode = msgspec.json.Decoder(_Said).decode


class Typing:
    """The forwarded notifications, with the timers that end them."""

    def __init__(self) -> None:
        self._ends: dict[tuple[Feed, UUID], asyncio.TimerHandle] = {}

    def hear(self, feed: Feed, payloads: Sequence[str]) -> None:
        for payload in payloads:
            if payload.startswith(_TYPING):
                said = _decode(payload)
                self._forget(feed, said.data.user.id)
                if said.type == "typing.started":
                    self._begin(feed, said.data)

    def forget(self, feed: Feed) -> None:
        """Forget a feed that has no subscriptions left."""
        for room, user_id in list(self._ends):
            if room is feed:
                self._forget(room, user_id)

    def stop(self) -> None:
        for feed, user_id in list(self._ends):
            self._forget(feed, user_id)

    def _begin(self, feed: Feed, typist: wire.Typist) -> None:
        loop = asyncio.get_running_loop()
        self._ends[feed, typist.user.id] = loop.call_later(typist.expires_in, self._end, feed, typist.user)

    def _end(self, feed: Feed, user: wire.User) -> None:
        del self._ends[feed, user.id]
        stopped = wire.Passing("typing.stopped", feed.room_id, wire.moment(timezone.now()), wire.Typist(user, 0))
        feed.tell([wire.encode(stopped).decode()], feed.head)

    def _forget(self, feed: Feed, user_id: UUID) -> None:
        timer = self._ends.pop((feed, user_id), None)
        if timer is not None:
            timer.cancel()

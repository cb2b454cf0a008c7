"""A room in the state that the tests of the admin want it in, and the pages that show it."""

from django.utils import timezone

from chat import bans, members, messages, rooms
from chat.models import Ban, Event, Membership, Message, Room

ROOMS, MEMBERSHIPS = "/admin/chat/room/", "/admin/chat/membership/"
BANS, MESSAGES = "/admin/chat/ban/", "/admin/chat/message/"
LISTS = (ROOMS, MEMBERSHIPS, BANS, MESSAGES)
SOON = timezone.timedelta(hours=1)


class House:
    """A room, somebody in each role, somebody banned, and a message of the member's."""

    def __init__(self, somebody, kind="public", name="house"):
        self.owner, self.moderator, self.member, self.banned = (somebody(role) for role in ("o", "m", "n", "b"))
        made = rooms.create(creator_id=self.owner.id, kind=kind, name=name)
        self.room = Room.objects.get(id=made.id)
        for user in (self.moderator, self.member):
            members.add(actor_id=self.owner.id, room_id=made.id, user_id=user.id)
        members.change_role(actor_id=self.owner.id, room_id=made.id, user_id=self.moderator.id, role="moderator")
        bans.ban(actor_id=self.owner.id, room_id=made.id, user_id=self.banned.id)
        said = messages.send(author_id=self.member.id, room_id=made.id, body="what was said")
        self.message = Message.objects.get(id=said.message.id)

    def of(self, user) -> Membership:
        return Membership.objects.get(room=self.room, user=user)

    def row(self, url: str):
        """What an action of this list is done to."""
        if url == MEMBERSHIPS:
            return self.of(self.member)
        return {ROOMS: self.room, MESSAGES: self.message, BANS: Ban.objects.filter(room=self.room).first()}[url]

    @property
    def told(self) -> list[str]:
        return list(Event.objects.filter(room=self.room).order_by("seq").values_list("type", flat=True))

    def mute(self) -> None:
        until = timezone.now() + SOON
        members.mute(actor_id=self.owner.id, room_id=self.room.id, user_id=self.member.id, until=until)

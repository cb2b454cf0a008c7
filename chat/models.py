"""Rooms, memberships, mutes and bans; messages with their revisions, reactions and mentions; and the event log."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.ids import uuid7


class Role(models.TextChoices):
    """Roles, the highest first."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


class Room(models.Model):
    """A room. `last_seq` is the seq of its last event, `active_at` its time.

    `epoch` is the room's part of the epoch given to clients (chat/eventlog/generations.py). A deleted room is
    invisible, and its rows are removed soon (chat/privacy/purge.py).
    """

    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=settings.ROOM_NAME_MAX, blank=True)
    topic = models.CharField(max_length=settings.ROOM_TOPIC_MAX, blank=True)
    # The lowest role that may send custom events.
    custom_events = models.CharField(max_length=10, choices=Role.choices, default=Role.MODERATOR)
    # Of a direct room: its two users. One room per pair.
    pair = models.CharField(max_length=65, null=True, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    last_seq = models.BigIntegerField(default=0, editable=False)
    active_at = models.DateTimeField(default=timezone.now, editable=False)

    # Set by queries that add the current generation's token and the counter of events (chat/eventlog/generations.py).
    generation: uuid.UUID | None = None
    counter: int | None = None

    class Meta:
        indexes = [models.Index(fields=["deleted_at"], condition=~models.Q(deleted_at=None), name="room_deleted")]

    def __str__(self) -> str:
        # A direct room has no name, and its users would need a query.
        # Ids differ at their ends: they begin with the time.
        return f"{self.name} ({self.kind} room)" if self.name else f"{self.kind} room …{str(self.id)[-12:]}"


class Generation(models.Model):
    """A time in which no event was lost to a restored backup or a promoted standby (chat/eventlog/generations.py).

    The row with the greatest id is the current generation. `last_event` is the greatest id of an event when it ended.
    `timeline` is PostgreSQL's; at `alive_at` a server process was alive."""

    token = models.UUIDField(unique=True)
    last_event = models.BigIntegerField(null=True)
    timeline = models.IntegerField(null=True)
    alive_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.began_at}: {self.reason}"


class Membership(models.Model):
    """A user's membership in a room. `muted_until` may be in the past."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    muted_until = models.DateTimeField(null=True)
    last_read_seq = models.BigIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.user} in {self.room}"


class Mute(models.Model):
    """The mute of an ended membership, which applies again if the user re-joins."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="mute_unique")]

    def __str__(self) -> str:
        return f"mute of {self.user} in {self.room}"


class Ban(models.Model):
    """A user who may neither join nor read a room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="bans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    banned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=settings.REASON_MAX, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="ban_unique")]

    def __str__(self) -> str:
        return f"ban of {self.user} from {self.room}"


class Message(models.Model):
    """A message. `seq` is that of its `message.created` event. A deleted message keeps its row without its content.

    `mentions` and `reactions` repeat the rows of those in the form that clients receive; None stands for none.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    seq = models.BigIntegerField()
    body = models.TextField()
    data = models.JSONField(null=True)
    mentions = models.JSONField(null=True)
    reactions = models.JSONField(null=True)
    reply_to = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    client_ref = models.CharField(max_length=settings.CLIENT_REF_MAX, null=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="message_seq_unique"),
            models.UniqueConstraint(fields=["room", "author", "client_ref"], name="message_client_ref_unique"),
        ]
        indexes = [models.Index(fields=["reply_to", "seq"], condition=~models.Q(reply_to=None), name="message_replies")]

    def __str__(self) -> str:
        return f"message {self.seq} in {self.room} by {self.author}"


class Revision(models.Model):
    """The content of a message before an edit, and the time of the edit."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="revisions")
    body = models.TextField()
    data = models.JSONField(null=True)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"revision of {self.message}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=settings.EMOJI_MAX)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user", "emoji"], name="reaction_unique")]

    def __str__(self) -> str:
        return f"{self.emoji} by {self.user} on {self.message}"


class Mention(models.Model):
    """A mention of a user who was a member at the time. `room` and `seq` are the message's."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_unique")]
        indexes = [
            models.Index(fields=["user", "room", "seq"], name="mention_unread"),
            models.Index(fields=["user", "message"], name="mention_of_user"),
            models.Index(fields=["room"], name="mention_of_room"),
        ]

    def __str__(self) -> str:
        return f"mention of {self.user} in {self.message}"


class Event(models.Model):
    """One entry of a room's log. `payload` is the exact text that clients receive."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=64)
    payload = models.TextField()
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="events")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="event_seq_unique")]
        # Only the few events that may name a user other than their message's author.
        indexes = [models.Index(fields=["id"], condition=~models.Q(type="message.created"), name="event_of_people")]

    def __str__(self) -> str:
        return f"event {self.seq} ({self.type}) in {self.room}"

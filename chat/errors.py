"""The errors of rooms, with their public codes. The root is in core/errors.py."""

from core.errors import RoomwireError


class ChatError(RoomwireError):
    """A refusal by the rules of rooms."""


class NotAMember(ChatError):
    """The user may read this public room, but only members may write."""

    code = "not_a_member"
    detail = "Join the room first."


class Forbidden(ChatError):
    code = "forbidden"
    detail = "Your role in this room does not allow this."


class Muted(ChatError):
    """The member is muted. `retry_after` is the remaining time in seconds."""

    code = "muted"
    detail = "You are muted in this room."

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class Archived(ChatError):
    code = "archived"
    detail = "This room is archived and accepts no new content."


class LastOwner(ChatError):
    code = "last_owner"
    detail = "A room must keep at least one owner."


class LimitExceeded(ChatError):
    """A limit is reached; `detail` names it."""

    code = "limit_exceeded"
    detail = "A limit has been reached."

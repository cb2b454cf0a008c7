"""Whether two states show the same."""

from tests.states.client_state import RoomState

SHOWN = ("facts", "epoch", "seq", "members", "messages", "reactions", "custom", "markers", "gone")


def same(kept: RoomState, fresh: RoomState) -> None:
    """Who may not see bans is not asked for them; and who is typing passes."""
    for name in SHOWN:
        assert getattr(kept, name) == getattr(fresh, name), name
    if kept.bans is not None and fresh.bans is not None:
        assert kept.bans == fresh.bans
    assert kept.summary() == fresh.summary()

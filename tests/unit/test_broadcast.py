"""What is told of a room, cut into pieces that a channel layer takes."""

from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from chat.eventlog.announcements import Appended
from core.announcer import announcer
from tests.unit.announced import EPOCH, payloads, told
from tests.unit.stand_ins import LAYERS, Layer


@pytest.fixture
async def layer(settings) -> Layer:
    """Where what this process announces goes, on the test's own loop."""
    settings.CHANNEL_LAYERS = LAYERS
    announcer.attach()
    yield get_channel_layer()
    await announcer.aclose()


BATCHES = {
    "one": (["x"], [1]),
    "as many as fit": (["x"] * 256, [256]),
    "one more": (["x"] * 257, [256, 1]),
    "many": (["x"] * 1_000, [256, 256, 256, 232]),
    "as long as fits": (["x" * 256_000] * 2, [2]),
    "one that does not fit beside another": (["x" * 400_000] * 4, [1, 1, 1, 1]),
    "one that is too long by itself": (["x", "x" * 600_000, "x"], [1, 1, 1]),
    "a long one last": (["x"] * 255 + ["x" * 511_999], [255, 1]),
}


@pytest.mark.parametrize("name", BATCHES)
async def test_a_batch_goes_out_in_pieces_whose_seqs_go_on(layer, name):
    (batch, sizes), room = BATCHES[name], uuid4()
    Appended(room, EPOCH, 5, batch).put()
    await announcer.aclose()
    assert [len(piece) for _, piece in told(layer, room)] == sizes
    assert [first for first, _ in told(layer, room)] == [5 + sum(sizes[:n]) for n in range(len(sizes))]
    assert payloads(layer, room) == batch

"""Frames as a server writes them to the wire: what the websockets library writes, and reads, for the same texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from realtime.delivery import bursts as delivery_bursts
from realtime.delivery.bursts import Burst, bursts

# Where RFC 6455 changes how a length is written, and beside it.
SIZES = [0, 1, 2, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000]
TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=20)


def of_bytes(size: int, character: str) -> str:
    """A text of exactly `size` bytes, of this character as far as it fits."""
    times, left = divmod(size, len(character.encode()))
    return character * times + "x" * left


def parsed(data: bytes, step: int) -> list[str]:
    """What a client of the websockets library reads, `step` bytes at a time."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    texts = []
    for at in range(0, len(data), step):
        client.receive_data(data[at : at + step])
        assert client.parser_exc is None
        for frame in client.events_received():
            assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
            texts.append(bytes(frame.data).decode())
    client.receive_eof()
    assert str(client.parser_exc) == "unexpected end of stream", "not in the middle of a frame"
    return texts


def serialised(texts: list[str]) -> bytes:
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)


@pytest.mark.parametrize("character", ["x", "é", "你", "😀"])
@pytest.mark.parametrize("size", SIZES)
def test_a_text_of_any_length_is_one_frame(size, character):
    text = of_bytes(size, character)
    ready = Burst([text]).ready
    assert len(text.encode()) == size
    assert ready == serialised([text])
    assert parsed(ready, 65_536) == [text]


def test_frames_follow_one_another_without_a_seam():
    texts = [of_bytes(size, character) for size in SIZES for character in ("é", "😀")]
    ready = Burst(texts).ready
    assert ready == serialised(texts)
    assert parsed(ready, 1_000) == texts


@given(TEXTS)
def test_whatever_the_texts_they_are_read_as_they_were(texts):
    ready = Burst(texts).ready
    assert ready == serialised(texts)
    assert parsed(ready, 1) == texts


def test_they_are_built_once_for_all():
    burst = Burst(["x", "y"])
    assert burst.ready is burst.ready


def test_no_texts_are_no_bytes():
    assert Burst([]).ready == b""


# Cut into bursts


@given(st.lists(st.integers(0, 40_000), max_size=30))
def test_bursts_have_all_texts_in_their_order(sizes):
    texts = [f"{number}:{'x' * size}" for number, size in enumerate(sizes)]
    cut = list(bursts(texts))
    assert [text for burst, _ in cut for text in burst.texts] == texts
    assert [len(burst.texts) for burst, _ in cut] == [count for _, count in cut]
    assert all(count > 0 for _, count in cut)


@given(st.lists(st.integers(0, 40_000), max_size=30))
def test_a_burst_goes_past_its_bound_by_its_last_text_at_most(sizes):
    for burst, _ in bursts(["x" * size for size in sizes]):
        assert sum(map(len, burst.texts[:-1])) < delivery_bursts._BURST_CHARACTERS


def test_a_burst_is_no_smaller_than_it_may_be():
    texts = ["x" * 1_000] * 1_000
    *full, last = [count for _, count in bursts(texts)]
    assert set(full) == {-(-delivery_bursts._BURST_CHARACTERS // 1_000)}
    assert last <= full[0]


def test_a_text_larger_than_a_burst_is_one():
    large = "x" * (3 * delivery_bursts._BURST_CHARACTERS)
    assert [burst.texts for burst, _ in bursts([large, large, "y"])] == [[large], [large], ["y"]]

"""A server's frames, taken apart."""

from websockets.frames import Close, Frame, Opcode


def text_frames(frames: list[Frame]) -> list[str]:
    return [bytes(frame.data).decode() for frame in frames if frame.opcode is Opcode.TEXT]


def closing(frames: list[Frame]) -> tuple[int, str]:
    """The code and the reason of the close, which is the last frame."""
    assert frames[-1].opcode is Opcode.CLOSE
    close = Close.parse(bytes(frames[-1].data))
    return close.code, close.reason

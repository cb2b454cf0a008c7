"""The scenario that every generated client runs: one program per language, which prints each step that has passed."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

STEPS = (
    "register",  # with an e-mail address
    "login",
    "refresh",
    "create a room",
    "send a message with data",
    "send it again",  # the same client_ref: the same message
    "list the newest message",
    "page back",
    "edit",  # only the text: the data stays
    "react",  # with an emoji that begins with "#"
    "take the reaction back",
    "mark as read",
    "list events",  # the data of an event as its own type
    "sync",
    "list devices",
    "get presence",
    "type",
    "leave",  # as another user, who has joined
    "read a problem: 404",
    "read a problem: 400",
    "delete the message",
    "delete the room",
    "log out",  # the access token is refused afterwards
)
# Of one program: generous, because the tests also pass on a machine that is busy with something else.
TIMEOUT = 300


class ToolError(Exception):
    """A generator or a compiler has failed, or has printed a warning."""


def run(command: Sequence[str | Path], *, cwd: Path, **environment: str) -> str:
    """Run a program and return what it prints. Raises ToolError, which quotes the end of it, unless it exits with 0."""
    finished = subprocess.run(
        command,
        cwd=cwd,
        env=environment or None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
    if finished.returncode:
        raise ToolError(f"{Path(command[0]).name} exited with {finished.returncode}:\n{finished.stdout[-4000:]}")
    return finished.stdout


def require_scenario(command: Sequence[str | Path], url: str) -> None:
    """Run a client's program against a server. Fails with the name of the step that did not pass."""
    finished = subprocess.run([*command, url], capture_output=True, text=True, timeout=TIMEOUT)
    passed = tuple(finished.stdout.splitlines())
    assert passed == STEPS[: len(passed)], f"the program has other steps than the scenario: {passed}"
    if finished.returncode or passed != STEPS:
        before, after = ("the start", *STEPS, "the end")[len(passed) : len(passed) + 2]
        raise AssertionError(f"failed between {before!r} and {after!r}:\n{finished.stderr[-4000:]}")

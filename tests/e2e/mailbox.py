"""The mail that a server with EMAIL_URL=filemail:///… has sent."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from tests.client import DEADLINE

# What ends one. Mails of one second may be in one file.
_END = "\n" + "-" * 79 + "\n"
_CODE = re.compile(r"^    (\d{8})$", re.MULTILINE)


class Mailbox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: set[tuple[Path, int]] = set()

    @property
    def url(self) -> str:
        return f"filemail://{self.folder}"

    def code(self, address: str, subject: str) -> str:
        """The one in the next mail to this address on this subject. Waits for it."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            for place, text in self._unopened():
                code = _CODE.search(text)
                if code and f"To: {address}\n" in text and f": {subject}\n" in text:
                    self._opened.add(place)
                    return code[1]
            time.sleep(0.02)
        raise AssertionError(f"no mail to {address} on {subject!r}")

    def _unopened(self) -> Iterator[tuple[tuple[Path, int], str]]:
        for path in sorted(self.folder.iterdir()):
            for number, text in enumerate(path.read_text().split(_END)[:-1]):
                if (path, number) not in self._opened:
                    yield (path, number), text

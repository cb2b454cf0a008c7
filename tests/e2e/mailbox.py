"""The mail that a server with EMAIL_URL=filemail:///… has sent."""

import re
import time
from pathlib import Path

from tests.client import DEADLINE

_CODE = re.compile(r"^    (\d{8})$", re.MULTILINE)


class Mailbox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: set[Path] = set()

    @property
    def url(self) -> str:
        return f"filemail://{self.folder}"

    def code(self, address: str, subject: str) -> str:
        """The one in the next mail to this address on this subject. Waits for it."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            for path in sorted({*self.folder.iterdir()} - self._opened):
                text = path.read_text()
                code = _CODE.search(text)
                if code and f"To: {address}\n" in text and f": {subject}\n" in text:
                    self._opened.add(path)
                    return code[1]
            time.sleep(0.02)
        raise AssertionError(f"no mail to {address} on {subject!r}")

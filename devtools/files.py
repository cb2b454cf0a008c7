"""Files of one owner: secrets that only the owner may read, and folders that only one process uses at a time."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import TextIO

from devtools.process import ServiceError


def open_private(path: str, flags: int) -> int:
    """Open a file with mode 0600, as an `opener` for `open`. It does not follow symbolic links, which another user may
    have created."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def kept_secret(path: Path) -> str:
    """Return the 64 random characters in the file, which is created the first time."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        with open(draft, "x", opener=open_private) as file:
            file.write(secrets.token_urlsafe(48))
        draft.rename(path)
    return path.read_text()


def claim(folder: Path) -> TextIO:
    """Lock the folder for this process until the returned file is closed or the process ends. Raises ServiceError."""
    lock = os.fdopen(open_private(str(folder / "lock"), os.O_RDWR | os.O_CREAT), "r+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = lock.read()
        lock.close()
        raise ServiceError(f"process {owner} is running in {folder} already") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock

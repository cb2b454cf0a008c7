"""PostgreSQL for root: it refuses to run as root, so it runs as `nobody`, without changes to the machine.

No user is added, and the permissions of existing folders do not change. Folders that `nobody` can't reach, such as a
virtual environment or a project under /root, are replaced by folders under /var/tmp.
"""

import contextlib
import functools
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

from devtools.process import Account, ServiceError
from devtools.service import wheel_folder

# Kept over a reboot, unlike /tmp. The owners of folders in it are checked.
_SHARED = Path("/var/tmp")  # noqa: S108
_NAME = "embedded_postgres"


def server_account() -> Account | None:
    """Return the account that the server runs as; None for the user of this process. Raises ServiceError."""
    if os.getuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceError("PostgreSQL refuses root, and there is no user `nobody`") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable(folder: Path, account: Account | None) -> Path:
    """Return the folder, or its replacement under /var/tmp if the account can't reach it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if account is None or _succeeds(["/bin/sh", "-c", 'test -x "$0"', str(folder.parent)], account):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _SHARED / f"roomwire-{digest}"


def make_private_folder(folder: Path, account: Account | None) -> None:
    """Create a folder that only the account can use. Raises ServiceError if another user owns it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    owners = {os.getuid(), account.uid if account else os.getuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise ServiceError(f"{folder} is of uid {found.st_uid}: run as that user, or remove it")
    if account:
        os.chown(folder, *account, follow_symlinks=False)


@functools.cache
def postgres_programs(account: Account | None) -> Path:
    """Return the folder with an `initdb` and a `postgres` that the account can run. Raises ServiceError."""
    wheel = wheel_folder(_NAME)
    programs = wheel / "pginstall" / "bin"
    if account is None or _runs(programs, account):
        return programs
    programs = _shared_copy(wheel) / _NAME / "pginstall" / "bin"
    if not _runs(programs, account):
        raise ServiceError(f"`nobody` can't run {programs}/postgres")
    return programs


def _shared_copy(wheel: Path) -> Path:
    """Return a copy of the programs that all users can read. It is created once per version, atomically. Raises
    ServiceError."""
    target = _SHARED / f"roomwire-{_NAME}-{metadata.version(_NAME)}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=_SHARED))
        try:
            _copy(wheel, draft)
            with contextlib.suppress(OSError):  # another process's copy was ready first
                draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    found = target.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise ServiceError(f"{target} is not root's own: look at it, and remove it")
    return target


def _copy(wheel: Path, target: Path) -> None:
    """Copy the programs and their libraries, which they find by a path relative to the package."""
    skip_headers = shutil.ignore_patterns("include")
    shutil.copytree(wheel / "pginstall", target / _NAME / "pginstall", ignore=skip_headers)
    libraries = f"{_NAME}.libs"
    shutil.copytree(wheel.with_name(libraries), target / libraries)
    for path in (target, *target.rglob("*")):
        executable = path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if executable else 0o644)


def _runs(programs: Path, account: Account) -> bool:
    return _succeeds([str(programs / "postgres"), "--version"], account)


def _succeeds(command: list[str], account: Account) -> bool:
    try:
        result = subprocess.run(
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return result.returncode == 0

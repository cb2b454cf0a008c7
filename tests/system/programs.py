"""The programs of Debian that the system tests need.

`python3 -m tests.system.programs` prints the packages that are missing, for `apt-get install`.
"""

import os
import shutil

# Program: Debian package.
PACKAGES = {
    "nginx": "nginx",
    "pgbouncer": "pgbouncer",
    "haproxy": "haproxy",
    "chromium": "chromium",
    "openssl": "openssl",
    "go": "golang-go",
    "javac": "default-jdk-headless",
}


class MissingProgram(Exception):
    """A program that a test needs is not installed."""


def require_program(name: str) -> str:
    """Return the path of a program. Raises MissingProgram, which names the package to install."""
    path = _find(name)
    if path is None:
        raise MissingProgram(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    return path


def _find(name: str) -> str | None:
    # An ordinary user's PATH on Debian lacks sbin.
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


if __name__ == "__main__":
    print(*(package for name, package in PACKAGES.items() if _find(name) is None))

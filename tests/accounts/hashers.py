"""A hasher that counts what it is asked, and lets something happen while a password is being tried."""

from collections import Counter
from collections.abc import Callable

from django.contrib.auth.hashers import MD5PasswordHasher

NAME = f"{__name__}.Watched"

counted: Counter[str] = Counter()
_meanwhile: list[Callable[[], object]] = []


def meanwhile(happens: Callable[[], object]) -> None:
    """Once, during the next verification."""
    _meanwhile.append(happens)


class Watched(MD5PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        counted["hashes"] += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        if _meanwhile:
            _meanwhile.pop()()
        return super().verify(password, encoded)

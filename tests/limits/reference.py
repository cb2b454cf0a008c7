"""What the limiter promises, written down plainly: tokens that come back, and pauses that double. Milliseconds."""

from core.rate_limits.stores import Bucket


class Tokens:
    """A rate: so many, and one more each `interval` until there are so many again."""

    def __init__(self, count: int, interval: int) -> None:
        self.interval = interval
        self.full = self.level = count * interval

    def advance(self, passed: int) -> None:
        self.level = min(self.full, self.level + passed)

    def wait(self) -> int:
        return max(0, self.interval - self.level)

    def take(self) -> None:
        self.level -= self.interval

    def give_back(self) -> None:
        self.level = min(self.full, self.level + self.interval)


class Pauses:
    """A delay: `free` attempts at once, then each after twice the pause of the one before."""

    def __init__(self, free: int, first: int, longest: int, quiet: int) -> None:
        self.free, self.first, self.longest, self.quiet = free, first, longest, quiet
        self.give_back()

    def advance(self, passed: int) -> None:
        self.pause -= passed
        if self.pause + self.quiet <= 0:
            self.give_back()

    def wait(self) -> int:
        return max(0, self.pause)

    def take(self) -> None:
        self.left -= 1
        self.pause = 0
        if self.left <= 0:
            self.pause, self.following = self.following, min(self.longest, 2 * self.following)

    def give_back(self) -> None:
        self.left, self.pause, self.following = self.free, 0, min(self.longest, self.first)


def of(bucket: Bucket) -> Tokens | Pauses:
    if bucket.free:
        return Pauses(bucket.free, bucket.pause, bucket.most, bucket.quiet)
    return Tokens(bucket.most // bucket.pause + 1, bucket.pause)


class Reference:
    """A store."""

    def __init__(self) -> None:
        self.kept: dict[str, Tokens | Pauses] = {}

    def _all(self, buckets: list[Bucket]) -> list[Tokens | Pauses]:
        return [self.kept.setdefault(bucket.key, of(bucket)) for bucket in buckets]

    def take(self, buckets: list[Bucket]) -> int:
        asked = self._all(buckets)
        wait = max(one.wait() for one in asked)
        if not wait:
            for one in asked:
                one.take()
        return wait

    def take_each(self, buckets: list[Bucket]) -> list[int]:
        return [self.take([bucket]) for bucket in buckets]

    def give_back(self, buckets: list[Bucket]) -> None:
        for one in self._all(buckets):
            one.give_back()

    def advance(self, milliseconds: int) -> None:
        for one in self.kept.values():
            one.advance(milliseconds)

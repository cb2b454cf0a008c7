"""A process that takes from a bucket when it is told to, on several threads, and says how many it got.

python -m tests.limits.taker <url> <prefix> <threads> <tries of each>
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from core.rate_limits.stores import Bucket, Shared, Store

BUCKET = Bucket("contended", 0, 3_600_000, 99 * 3_600_000, 0)
COUNT = 100


def taken(store: Store, threads: int, tries: int, *others: Bucket) -> int:
    """How many of so many tries, by threads that begin together, were admitted."""
    together = threading.Barrier(threads)

    def take(_: int) -> int:
        together.wait()
        return sum(store.take([*others, BUCKET]) == 0 for _ in range(tries))

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(take, range(threads)))


if __name__ == "__main__":
    url, prefix, threads, tries = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    print(taken(Shared(url, prefix), int(threads), int(tries)))

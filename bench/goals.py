"""What Roomwire has set itself, as far as one figure of the report and its peers can tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# By peer; None where it wasn't measured.
Values = Mapping[str, float | None]


@dataclass(frozen=True)
class Goal:
    """`met` says None where a figure is missing."""

    text: str
    met: Callable[[Values], bool | None]

    def verdict(self, values: Values) -> str:
        return {True: "reached", False: "not reached", None: "not measured"}[self.met(values)]


def times(peer: str, factor: float) -> Goal:
    """At least so many times the peer's figure."""

    def met(values: Values) -> bool | None:
        return _compare(values.get("roomwire"), values.get(peer), lambda ours, theirs: ours >= factor * theirs)

    return Goal(f"≥ {factor:g} x {peer}", met)


def below(peer: str) -> Goal:
    def met(values: Values) -> bool | None:
        return _compare(values.get("roomwire"), values.get(peer), lambda ours, theirs: ours < theirs)

    return Goal(f"< {peer}", met)


def at_most(limit: float, text: str) -> Goal:
    def met(values: Values) -> bool | None:
        return _compare(values.get("roomwire"), limit, lambda ours, most: ours <= most)

    return Goal(f"≤ {text}", met)


def less_than(limit: float, text: str) -> Goal:
    def met(values: Values) -> bool | None:
        return _compare(values.get("roomwire"), limit, lambda ours, bound: ours < bound)

    return Goal(f"< {text}", met)


def _compare(ours: float | None, other: float | None, holds: Callable[[float, float], bool]) -> bool | None:
    return None if ours is None or other is None else holds(ours, other)

"""Quantiles, in the units of the report."""

from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that this share of all are not above; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(nanoseconds: Sequence[int]) -> dict[str, float | int | None]:
    """What is reported of a sample of latencies."""
    figures: dict[str, float | int | None] = {"samples": len(nanoseconds)}
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        found = quantile(nanoseconds, share)
        figures[f"{name}_ms"] = None if found is None else round(found / 1e6, 3)
    return figures

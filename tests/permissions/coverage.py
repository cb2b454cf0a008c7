"""All that there is to be tried: the routes of the URL conf with each of their methods, and the command table."""

import re
from collections.abc import Iterator, Sequence

from django.urls import URLPattern, URLResolver

from api import urls

Patterns = Sequence[URLPattern | URLResolver]

METHODS = ("get", "post", "put", "patch", "delete")


def addresses(patterns: Patterns = urls.urlpatterns, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each address, in the words of the table, with its view."""
    for pattern in patterns:
        address = prefix + re.sub(r"<(?:\w+:)?(\w+?)(?:_id)?>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def methods(view: object) -> set[str]:
    """Those that a view carries out. One that is a plain function may carry out any: its row says GET."""
    of_class = getattr(view, "view_class", None)
    return {"get"} if of_class is None else {method for method in METHODS if hasattr(of_class, method)}


def routes() -> set[str]:
    return {f"{method.upper()} {address}" for address, view in addresses() for method in methods(view)}


def refused_routes() -> list[str]:
    """What no view carries out."""
    every = {f"{method.upper()} {address}" for address, _ in addresses() for method in METHODS}
    return sorted(every - routes())

"""Lists: `{results, next, previous}`, by keyset and never by offset."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from django.conf import settings
from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts.errors import Invalid, Violation
from chat import wire
from chat.summaries import Listing

_DEFAULT = 50

CURSOR = OpenApiParameter("cursor", str, description="From `next` or `previous`; opaque.")

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")


class RoomPage(msgspec.Struct, frozen=True):
    results: list[wire.Room]
    next: str | None
    previous: str | None


class MemberPage(msgspec.Struct, frozen=True):
    results: list[wire.Member]
    next: str | None
    previous: str | None


class BanPage(msgspec.Struct, frozen=True):
    results: list[wire.Ban]
    next: str | None
    previous: str | None


class ReactionPage(msgspec.Struct, frozen=True):
    results: list[wire.Reaction]
    next: str | None
    previous: str | None


class ReaderPage(msgspec.Struct, frozen=True):
    results: list[wire.Reader]
    next: str | None
    previous: str | None


class MentionPage(msgspec.Struct, frozen=True):
    """The messages that mention the user, the most recent first."""

    results: list[wire.Message]
    next: str | None
    previous: str | None


class MessagePage(msgspec.Struct, frozen=True):
    """`results` are oldest first; `previous` leads to older messages, `next` to newer ones. `own_reactions` are the
    current user's reactions, by message id."""

    results: list[wire.Message]
    own_reactions: wire.ById[list[str]]
    next: str | None
    previous: str | None


class Revisions(msgspec.Struct, frozen=True):
    """All versions, the oldest first."""

    results: list[wire.Revision]


class EventPage(msgspec.Struct, frozen=True):
    """`recovered` is false if the log cannot continue from `after_seq`: fetch the room again."""

    results: list[wire.Event]
    next: str | None
    previous: str | None
    epoch: str
    head: int
    recovered: bool


def cursor(
    request: Request, rows: QuerySet[Row], item: Callable[[Row], Item]
) -> tuple[list[Item], str | None, str | None]:
    """One page of a query set in its own order: the items, and the addresses of the next and previous page."""
    page, following, previous = _page(request, rows)
    return [item(row) for row in page], following, previous


def rooms(request: Request, listing: Listing[Row]) -> RoomPage:
    """The same of rooms."""
    page, following, previous = _page(request, listing.rows)
    return RoomPage(listing.told(page), following, previous)


def _page(request: Request, rows: QuerySet[Row]) -> tuple[list[Row], str | None, str | None]:
    paginator = CursorPagination()
    paginator.page_size = limit(request)
    paginator.ordering = [str(field) for field in rows.query.order_by]
    page = paginator.paginate_queryset(rows, request) or []
    return list(page), paginator.get_next_link(), paginator.get_previous_link()


def limit(request: Request) -> int:
    """How many results are wanted: `limit`, of 50 unless said, never more than PAGE_MAX."""
    return min(number(request, "limit", minimum=1) or _DEFAULT, settings.PAGE_MAX)


def number(request: Request, name: str, *, minimum: int = 0) -> int | None:
    """A whole number of the query string. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= minimum):
        raise Invalid(Violation(name, "invalid", f"A whole number from {minimum} up."))
    return int(text)


def address(request: Request, **parameters: int | None) -> str:
    """This request's address with other query parameters; None takes one out."""
    url = request.build_absolute_uri()
    for name, value in parameters.items():
        url = remove_query_param(url, name) if value is None else replace_query_param(url, name, value)
    return url

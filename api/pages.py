"""Pages of lists: `{results, next, previous, next_cursor, previous_cursor}`, with keyset pagination."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.conf import settings
from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from api import cursors, queries
from chat import wire
from chat.summaries import Listing
from chat.wire_types import ById

_DEFAULT = 50

CURSOR = OpenApiParameter(
    cursors.PARAMETER, str, description="`next_cursor` or `previous_cursor` of a page of this list; opaque."
)

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")


class Page(msgspec.Struct, frozen=True):
    next: str | None
    previous: str | None
    next_cursor: str | None
    previous_cursor: str | None


class RoomPage(Page, frozen=True):
    """One page of a list. `next` and `previous` are the addresses of the pages beside it; `next_cursor` and
    `previous_cursor` lead to the same pages as the parameter `cursor`. Each is null where there is no such page."""

    results: list[wire.Room]


class MemberPage(Page, frozen=True):
    """One page of a list: see `RoomPage`."""

    results: list[wire.Member]


class BanPage(Page, frozen=True):
    """One page of a list: see `RoomPage`."""

    results: list[wire.Ban]


class ReactionPage(Page, frozen=True):
    """One page of a list: see `RoomPage`."""

    results: list[wire.Reaction]


class ReaderPage(Page, frozen=True):
    """One page of a list: see `RoomPage`."""

    results: list[wire.Reader]


class MentionPage(Page, frozen=True):
    """The messages that mention the user, the most recent first. For the other fields see `RoomPage`."""

    results: list[wire.Message]


class MessagePage(Page, frozen=True):
    """`results` are oldest first; `previous` and `previous_cursor` lead to older messages, `next` and `next_cursor` to
    newer ones: see `RoomPage`. `own_reactions` are the current user's reactions, by message id."""

    results: list[wire.Message]
    own_reactions: ById[list[str]]


class Revisions(msgspec.Struct, frozen=True):
    """All versions, the oldest first."""

    results: list[wire.Revision]


class EventPage(Page, frozen=True):
    """`recovered` is false if the log cannot continue from `after_seq`: fetch the room again. `previous` and
    `previous_cursor` are always null. For the other fields see `RoomPage`."""

    results: list[wire.Event]
    epoch: str
    head: int
    recovered: bool


class Links(NamedTuple):
    """The fields of a `Page`."""

    next: str | None
    previous: str | None
    next_cursor: str | None
    previous_cursor: str | None


# Lists in the order of their query set


def cursor(
    request: Request, rows: QuerySet[Row], item: Callable[[Row], Item]
) -> tuple[str | None, str | None, str | None, str | None, list[Item]]:
    """Return the links and the items of one page of a query set, whose order must be total."""
    page, links = _page(request, rows)
    return *links, [item(row) for row in page]


def rooms(request: Request, listing: Listing[Row]) -> RoomPage:
    """Return one page of rooms."""
    page, links = _page(request, listing.rows)
    return RoomPage(*links, listing.told(page))


def _page(request: Request, rows: QuerySet[Row]) -> tuple[list[Row], Links]:
    order = [str(field) for field in rows.query.order_by]
    backward, position = cursors.read(request) or (False, None)
    size = limit(request)
    if position is not None:
        rows = rows.filter(_beyond(order, position, backward=backward))
    found = list((rows.reverse() if backward else rows)[: size + 1])
    page, more = found[:size], len(found) > size
    if backward:
        page.reverse()
    before, after = (more, position is not None) if backward else (position is not None, more)
    # An empty page, whose rows were deleted meanwhile, has no position: its links lead to the ends of the list.
    following = [False, _position(order, page[-1]) if page else None] if after else None
    previous = [True, _position(order, page[0]) if page else None] if before else None
    return page, _links(request, following, previous)


def _beyond(order: Sequence[str], position: Sequence[Any], *, backward: bool) -> Q:
    """Match the rows after a position, or before it: `a > 1 OR (a = 1 AND (b > 2))` for the order (a, b)."""
    matched = Q()
    for field, value in reversed(list(zip(order, position, strict=True))):
        name = field.removeprefix("-")
        comparison = "lt" if field.startswith("-") != backward else "gt"
        matched = Q(**{f"{name}__{comparison}": value}) | (Q(**{name: value}) & matched if matched else Q())
    return matched


def _position(order: Sequence[str], row: Model) -> list[int | str]:
    values = [getattr(row, field.removeprefix("-")) for field in order]
    return [value if isinstance(value, int) else str(value) for value in values]


def _links(request: Request, following: Any, previous: Any) -> Links:
    next_cursor, previous_cursor = _cursor(request, following), _cursor(request, previous)
    addresses = [at and address(request, **{cursors.PARAMETER: at}) for at in (next_cursor, previous_cursor)]
    return Links(addresses[0], addresses[1], next_cursor, previous_cursor)


def _cursor(request: Request, position: Any) -> str | None:
    return None if position is None else cursors.issue(request, position)


# Lists in the order of `seq`


def positions(request: Request, *names: str) -> dict[str, Any]:
    """Return where a page begins, from the parameters of these names or from a cursor. Raises Invalid, also if both are
    given."""
    given: dict[str, Any] = {name: queries.number(request, name) for name in names}
    position: dict[str, Any] | None = cursors.read(request)
    if position is None:
        return given
    if any(value is not None for value in given.values()):
        raise queries.invalid(cursors.PARAMETER, f"Must not be combined with {' and '.join(names)}.")
    return given | position


def seq_links(
    request: Request, following: Mapping[str, int | str] | None, previous: Mapping[str, int | str] | None = None
) -> Links:
    """Return links to the pages that begin at these `positions`."""
    addresses = [None if at is None else address(request, **_NOWHERE | dict(at)) for at in (following, previous)]
    return Links(addresses[0], addresses[1], _cursor(request, following), _cursor(request, previous))


_NOWHERE: dict[str, int | str | None] = {"before_seq": None, "after_seq": None, cursors.PARAMETER: None}


def limit(request: Request) -> int:
    """Return the number of results on a page: `limit`, 50 by default, at most PAGE_MAX. Raises Invalid."""
    return min(queries.number(request, "limit", minimum=1) or _DEFAULT, settings.PAGE_MAX)


def address(request: Request, **parameters: int | str | None) -> str:
    """Return the URL of this request with some query parameters replaced; None removes one."""
    url = request.build_absolute_uri()
    for name, value in parameters.items():
        url = remove_query_param(url, name) if value is None else replace_query_param(url, name, value)
    return url

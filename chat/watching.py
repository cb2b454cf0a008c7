"""What the admin's pages of rooms have in common: nothing is typed in there, and nothing is counted to its end.

There may be millions of any of these. What staff does are actions, on what is ticked.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.paginator import Paginator
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.errors import RoomwireError

# As far as a list is counted, and can be paged through: who looks for more searches. And what a page has of another's.
LISTED = 1_000
OF_ONE = 50


class Pages(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        some: Any = self.object_list[:LISTED]
        return int(some.count())


class Ticked(ActionForm):
    def clean_select_across(self) -> bool:
        """Never all that match: what is ticked."""
        return False


class First(BaseInlineFormSet):  # type: ignore[type-arg]
    """Not all that there are."""

    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset()[:OF_ONE]
        return self._queryset


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Some(_ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    formset = First
    extra = 0
    can_delete = False


class Kept(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """A list, newest first, of what is searched by words (`search_fields`) and by ids, which narrow the search."""

    searched_ids: tuple[str, ...]
    search_help_text = "Words, and ids of rooms or people. The first thousand are listed."
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = Pages
    action_form = Ticked

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = []
        for word in search_term.split():
            try:
                queryset = queryset.filter(_any_of(self.searched_ids, UUID(word)))
            except ValueError:
                words.append(word)
        return super().get_search_results(request, queryset, " ".join(words))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A search through all there is may take longer than the database is given; an action, wait for a room."""
        try:
            return super().changelist_view(request, extra_context)
        except OperationalError:
            if request.method == "GET" and not request.GET:
                raise
            text = "The database took too long. Search for less; of an action, some may be done: look, and try again."
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.path)

    def act(self, request: HttpRequest, queryset: QuerySet[Any], said: str, act: Callable[[Any], bool]) -> None:
        """On one after the other, which says whether it did anything: then the history does too."""
        chosen, done, details = list(queryset), 0, set()
        for row in chosen:
            try:
                with transaction.atomic():
                    if act(row):
                        self.note(request, row, said)
                        done += 1
            except RoomwireError as refusal:
                details.add(refusal.detail)
        self.message_user(request, f"Done with {done} of {len(chosen)}.")
        for detail in sorted(details):
            self.message_user(request, detail, messages.WARNING)

    def note(self, request: HttpRequest, row: Any, said: str) -> None:
        self.log_change(request, row, said)

    def may(self, request: HttpRequest, right: str) -> bool:
        return bool(request.user.is_active and request.user.has_perm(f"chat.{right}"))


def _any_of(fields: tuple[str, ...], value: Any) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{field: value})
    return found

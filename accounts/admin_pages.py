"""Shared parts of the admin's pages: bounded lists, read-only pages, confirmed actions and links to related pages.

Each of these tables may have millions of rows, so no list is counted or paged to its end, and actions apply only to the
selected rows.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import model_ngettext
from django.core.paginator import Paginator
from django.db import OperationalError, transaction
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from core.errors import RoomwireError

# The most rows that a list counts and pages through, and the most rows of each kind on an object's own page.
MAX_LISTED = 1_000
MAX_INLINE = 50

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def confirmed(question: str) -> Callable[[Action], Action]:
    """Make an admin action show a page with `question` before it does something irreversible."""

    def decorate(action: Action) -> Action:
        @wraps(action)
        def ask_first(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if request.POST.get("confirmed") == "yes":
                return action(self, request, queryset)
            name, rows = action.__name__, list(queryset)
            description = dict(self.get_action_choices(request))[name]
            context = self.admin_site.each_context(request) | {
                "title": f"{description}: {len(rows)} {model_ngettext(self.opts, len(rows))}",
                "question": question,
                "rows": rows,
                "action": name,
                "button": description,
                "checkbox_name": ACTION_CHECKBOX_NAME,
                "back": request.get_full_path(),
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/confirm_action.html", context)

        return ask_first

    return decorate


# Lists


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        some: Any = self.object_list[:MAX_LISTED]
        return int(some.count())


class SelectedRowsActionForm(ActionForm):
    def clean_select_across(self) -> bool:
        """Ignore "select all that match"."""
        return False


class BoundedList(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list, newest first, that is searched by words (`search_fields`) and by ids (`searched_ids`)."""

    searched_ids: ClassVar[tuple[str, ...]] = ("id",)
    search_help_text = f"Words, and ids of users or rooms. At most {MAX_LISTED} results are listed."
    # Ids are UUIDs of version 7 or numbers, which grow: the primary key's index gives the newest first.
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = BoundedPaginator

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["accounts/admin.css"]}

    action_form = SelectedRowsActionForm

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
        """Show a message if a search exceeds the statement timeout, or an action the lock timeout."""
        try:
            return super().changelist_view(request, extra_context)
        except OperationalError:
            if request.method == "GET" and not request.GET:
                raise
            text = (
                "The database took too long. Narrow the search. If this was an action, some rows may be done: check"
                " and try again."
            )
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.path)

    def act(self, request: HttpRequest, queryset: QuerySet[Any], text: str, act: Callable[[Any], bool]) -> None:
        """Apply `act` to each row in a transaction of its own, and write `text` into the history if it returns True."""
        chosen, done, details = list(queryset), 0, set()
        for row in chosen:
            try:
                with transaction.atomic():
                    if act(row):
                        self.note(request, row, text)
                        done += 1
            except RoomwireError as refusal:
                details.add(refusal.detail)
        self.message_user(request, f"Done: {done} of {len(chosen)}.")
        for detail in sorted(details):
            self.message_user(request, detail, messages.WARNING)

    def note(self, request: HttpRequest, row: Any, text: str) -> None:
        self.log_change(request, row, text)

    def note_without_names(self, request: HttpRequest, row: Any, text: str) -> None:
        """Write into the history of a row whose text contains a user's name, without that text: erasing the user would
        not find it there."""
        entry: LogEntry = self.log_change(request, row, text)
        entry.object_repr = f"{self.opts.verbose_name} {row.pk}"
        entry.save(update_fields=["object_repr"])

    def permitted(self, request: HttpRequest, codename: str) -> bool:
        return bool(request.user.is_active and request.user.has_perm(f"{self.opts.app_label}.{codename}"))


def _any_of(fields: tuple[str, ...], value: Any) -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{field: value})
    return found


# Read-only pages


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LimitedFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The first MAX_INLINE rows that refer to an object. Reading the object from them takes no query."""

    fk: ForeignKey[Any, Any]

    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset()[:MAX_INLINE]
            for row in self._queryset:
                setattr(row, self.fk.name, self.instance)
        return self._queryset


class ReadOnlyInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    formset = LimitedFormSet
    extra = 0
    can_delete = False


class ReadOnlyModelAdmin(ReadOnly, BoundedList):
    pass


# Links


def link(row: Model | None) -> SafeString | str:
    """Return a link to the page of a row; "-" for None."""
    if row is None:
        return "-"
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row)


def links_to_related(row: Model) -> SafeString:
    """Return links to the lists of all rows that refer to this row, for every model in the admin."""
    return format_html_join(", ", '<a href="{}">{}</a>', _related_lists(row))


def _related_lists(row: Model) -> list[tuple[str, str]]:
    fields = [
        (model, field)
        for model in apps.get_models()
        if admin.site.is_registered(model)
        for field in model._meta.fields
        if isinstance(field, ForeignKey) and field.related_model is type(row)
    ]
    lists = [(_list_url(model, field, row), _list_label(model, field)) for model, field in fields]
    return sorted(lists, key=lambda each: each[1])


def _list_url(model: type[Model], field: ForeignKey[Any, Any], row: Model) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return f"{reverse(name)}?{urlencode({f'{field.name}__id__exact': row.pk})}"


def _list_label(model: type[Model], field: ForeignKey[Any, Any]) -> str:
    plural = str(capfirst(model._meta.verbose_name_plural))
    named_like_its_model = field.name == field.related_model._meta.model_name
    return plural if named_like_its_model else f"{plural} ({field.verbose_name})"

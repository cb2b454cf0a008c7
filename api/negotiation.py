"""Content negotiation, and the response to OPTIONS."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.http import Http404
from rest_framework.exceptions import NotAcceptable
from rest_framework.metadata import BaseMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from api.json import WireRenderer


class AnyAccept(DefaultContentNegotiation):
    """Content negotiation that never answers 406: a server may disregard `Accept` (RFC 9110, section 12.4.1). Generated
    clients often send only `application/problem+json`, and would not get the response."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if request.method == "OPTIONS":  # a view's own renderers may be unable to render an empty body
            renderers = [WireRenderer()]
        first, *others = renderers
        if others:
            with suppress(NotAcceptable, Http404):
                chosen: tuple[BaseRenderer, str] = super().select_renderer(request, [first, *others], format_suffix)
                return chosen
        return first, first.media_type or ""


class NoMetadata(BaseMetadata):
    """Metadata for OPTIONS: only the header `Allow`. The OpenAPI document describes the API."""

    def determine_metadata(self, request: Request, view: Any) -> None:
        return None

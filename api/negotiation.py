"""How an answer's form is chosen, and what OPTIONS answers."""

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
    """Choose a renderer whatever `Accept` says, which a server may disregard (RFC 9110, 12.4.1): generated clients
    often name `application/problem+json` alone, and a 406 would hide the answer from them."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if request.method == "OPTIONS":  # a view's own renderers need not be able to render nothing
            renderers = [WireRenderer()]
        first, *others = renderers
        if others:
            with suppress(NotAcceptable, Http404):
                chosen: tuple[BaseRenderer, str] = super().select_renderer(request, [first, *others], format_suffix)
                return chosen
        return first, first.media_type or ""


class NoMetadata(BaseMetadata):
    """Answer OPTIONS with the header `Allow` alone. The OpenAPI document describes the API."""

    def determine_metadata(self, request: Request, view: Any) -> None:
        return None

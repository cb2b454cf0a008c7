"""Middleware for all HTTP requests, whichever view or part of Django answers: URLs work with or without a trailing
slash, errors are problem documents, and responses are not cached by default.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from api import problems

# Roomwire's URLs end with a slash, those of django-allauth do not.
_WITH_SLASH = ("/api/v1/", "/admin/", "/demo/")
_WITHOUT_SLASH = "/_allauth/"


@sync_and_async_middleware
def answers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def respond(request: HttpRequest) -> HttpResponseBase:
        _complete(request)
        return _finished(get_response(request))

    async def arespond(request: HttpRequest) -> HttpResponseBase:
        _complete(request)
        response: Awaitable[HttpResponseBase] = get_response(request)
        return _finished(await response)

    return arespond if iscoroutinefunction(get_response) else respond


def _complete(request: HttpRequest) -> None:
    """Add or remove the trailing slash as the URL conf requires. A redirect would lose the method and the body."""
    path = request.path_info
    if not path.endswith("/") and f"{path}/".startswith(_WITH_SLASH):
        request.path_info, request.path = f"{path}/", f"{request.path}/"
    elif path.startswith(_WITHOUT_SLASH):
        request.path_info, request.path = path.removesuffix("/"), request.path.removesuffix("/")


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    problems.restate(response)
    # A view that sets Cache-Control itself keeps its value.
    response.headers.setdefault("Cache-Control", "no-store")
    return response

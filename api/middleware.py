"""What holds for every HTTP answer, whichever view or part of Django gives it: its address is found with or without a
last slash, an error is a problem document, and no cache keeps it.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from api import problems

# Our own addresses end with a slash, those of django-allauth's don't.
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
    """Give the address the form that the URL conf has. A redirect would lose the method and the body of a request."""
    path = request.path_info
    if not path.endswith("/") and f"{path}/".startswith(_WITH_SLASH):
        request.path_info, request.path = f"{path}/", f"{request.path}/"
    elif path.startswith(_WITHOUT_SLASH):
        request.path_info, request.path = path.removesuffix("/"), request.path.removesuffix("/")


def _finished(response: HttpResponseBase) -> HttpResponseBase:
    problems.restate(response)
    # Views that may be cached, or must be kept from caches in another way, have said so.
    response.headers.setdefault("Cache-Control", "no-store")
    return response

"""Middleware for sessions, messages and frame options, which runs only for the admin's pages: the API does not need it,
and should not pay for it. Django's admin views have their own CSRF protection.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.utils.decorators import sync_and_async_middleware

_PREFIX = "/admin/"


@sync_and_async_middleware
def pages(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    if not settings.ADMIN:
        raise MiddlewareNotUsed
    inner = AuthenticationMiddleware(MessageMiddleware(XFrameOptionsMiddleware(get_response)))
    signed_in = SessionMiddleware(inner)

    def respond(request: HttpRequest) -> Any:
        return (signed_in if request.path_info.startswith(_PREFIX) else get_response)(request)

    async def arespond(request: HttpRequest) -> Any:
        answer: Awaitable[Any] = respond(request)
        return await answer

    return arespond if iscoroutinefunction(get_response) else respond

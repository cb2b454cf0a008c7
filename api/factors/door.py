"""A wrapper of django-allauth's views. It ignores cookies, so requests are authenticated by an access token or the key
of a pending session; applies the API's rules for JSON bodies; and answers Roomwire's errors with problem documents.
"""

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any

import redis
from allauth.headless.constants import Client
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import APIException

from accounts import limits
from accounts.errors import Unauthenticated
from accounts.factors import request_info
from accounts.sessions import SessionStore
from api import problems
from api.json import StrictJSONParser
from core import database
from core.errors import RateLimited, RoomwireError, Unavailable

View = Callable[..., HttpResponseBase]


def through(view: Any) -> View:
    """Return the view function of one of allauth's view classes, for its client type "app"."""
    inner: View = view.as_api_view(client=Client.APP)

    @wraps(inner)
    def answer(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        request.user, request.session = AnonymousUser(), SessionStore()
        try:
            _knock(request)
            return _foreseen(inner, request, **arguments)
        except (RoomwireError, APIException, *database.AWAY) as error:
            response = problems.answer(error)
            assert response is not None
            return response

    return answer


def _foreseen(inner: View, request: HttpRequest, **arguments: Any) -> HttpResponseBase:
    try:
        return inner(request, **arguments)
    except UpdateError as error:  # the credentials of the request were revoked while it was handled
        raise Unauthenticated from error
    except redis.RedisError as error:
        raise Unavailable("The rate-limit store is unavailable. Try again.") from error


def _knock(request: HttpRequest) -> None:
    """Check a request before allauth handles it. Raises RateLimited, or APIException for a body that is not JSON or too
    large."""
    if "Authorization" not in request.headers:
        [wait] = limits.handshakes([request_info.address(request)])
        if wait:
            raise RateLimited(wait)
    if request.body:
        StrictJSONParser().parse(BytesIO(request.body), parser_context={"request": request})

"""Who a socket is, by the token in its address."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser

from bench.peers.tutorial.models import Token

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@database_sync_to_async  # type: ignore[untyped-decorator]
def user_of(key: str) -> Any:
    try:
        return Token.objects.select_related("user").get(key=key).user
    except Token.DoesNotExist:
        return AnonymousUser()


class TokenAuthMiddleware:
    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        query = parse_qs(scope["query_string"].decode())
        scope["user"] = await user_of(query.get("token", [""])[0])
        await self.application(scope, receive, send)

"""The chat's ASGI application."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.tutorial.settings")
django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - they need the settings
from django.urls import path  # noqa: E402

from bench.peers.tutorial.consumers import ChatConsumer  # noqa: E402
from bench.peers.tutorial.middleware import TokenAuthMiddleware  # noqa: E402

routes = URLRouter([path("ws/chat/<str:room>/", ChatConsumer.as_asgi())])
application = ProtocolTypeRouter({"websocket": TokenAuthMiddleware(routes)})

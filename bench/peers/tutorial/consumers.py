"""The chat's consumer."""

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import connection

from bench.peers.tutorial.models import Message


class ChatConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        self.user = self.scope["user"]
        if self.user.is_anonymous:
            await self.close()
            return
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.group = f"chat_{self.room}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if content.get("type") == "echo":
            await self.send_json({"type": "echo"})
        elif content.get("type") == "slow":
            await self.sleep_in_the_database()
            await self.send_json({"type": "slow"})
        else:
            await self.receive_message(content["message"])

    async def receive_message(self, body: str) -> None:
        message = await self.create_message(body)
        event = {
            "type": "chat.message",
            "id": message.pk,
            "room": self.room,
            "author": {"id": self.user.pk, "username": self.user.username},
            "body": message.body,
            "created_at": message.created_at.isoformat(),
        }
        await self.channel_layer.group_send(self.group, event)

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send_json(event)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def create_message(self, body: str) -> Message:
        return Message.objects.create(room=self.room, author=self.user, body=body)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def sleep_in_the_database(self) -> None:
        """A command whose query takes 50 ms."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")

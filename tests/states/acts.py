"""How the people of a scene do things."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.client import PASSWORD
from tests.states.scene import Scene

UNTIL = (datetime.now(UTC) + timedelta(days=1)).isoformat()

Act = Callable[[Scene], Awaitable[Any]]


async def nothing(scene: Scene) -> None:
    """All is there."""


def rest(who: str, method: str, path: str, body: Any = None) -> Act:
    """By one of the scene; names in braces are people, or messages that were said."""

    async def act(scene: Scene) -> Any:
        return await scene.rest(scene.people[who], method, _fill(scene, path), _fill(scene, body))

    return act


def command(who: str, type: str, **fields: Any) -> Act:
    async def act(scene: Scene) -> Any:
        return await scene.command(scene.people[who], type, **_fill(scene, fields))

    return act


def _fill(scene: Scene, told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _fill(scene, value) for name, value in told.items()}
    if isinstance(told, str) and "{" in told:
        ids = {role: person.id for role, person in scene.people.items()}
        return told.format(**ids, **{name: message["id"] for name, message in scene.said.items()})
    return told


def then(*acts: Act) -> Act:
    async def act(scene: Scene) -> Any:
        for each in acts:
            result = await each(scene)
        return result

    return act


# What takes more than one request


async def authenticate(scene: Scene) -> None:
    await scene.command(scene.people["owner"], "authenticate", token=scene.people["owner"].token)


async def ping(scene: Scene) -> None:
    async with scene.people["owner"].socket() as socket:
        await socket.connection.send('{"type":"ping","id":1}')
        await socket.wait_for(lambda frame: frame == {"type": "pong"})


async def subscribe_all(scene: Scene) -> None:
    position = {"since": 1}
    reply = await scene.command(
        scene.people["member"], "room.subscribe", room=None, rooms="all", positions={scene.room: position}
    )
    assert reply["rooms"][scene.room]["from"] == 1


async def unsubscribe(scene: Scene) -> None:
    async with scene.people["reader"].socket() as socket:
        await socket.command("room.subscribe", room=scene.room)
        await socket.command("room.unsubscribe", room=scene.room)
    await scene.command(scene.people["reader"], "room.unsubscribe")


async def read_all(scene: Scene) -> None:
    head = (await scene.rest(scene.people["owner"], "GET", ""))["last_seq"]
    marker = await scene.command(scene.people["owner"], "room.read", seq=head)
    assert marker["last_read_seq"] == head


async def sync(scene: Scene) -> None:
    found = await scene.people["member"].call("POST", "sync/", {"since": {scene.room: {"seq": 0}}})
    assert found["rooms"][0]["room"]["id"] == scene.room


async def open_another(scene: Scene) -> None:
    await scene.people["owner"].call("POST", "rooms/", {"name": "another", "kind": "private"})


async def newcomer(scene: Scene) -> None:
    await scene.newcomer()


async def direct(scene: Scene) -> None:
    await scene.people["owner"].call("POST", "rooms/direct/", {"user": scene.people["newcomer"].id})


async def erase(scene: Scene) -> None:
    await scene.people["newcomer"].call("POST", "users/me/erase/", {"password": PASSWORD})


async def newcomer_lives(scene: Scene) -> None:
    """They leave traces of every kind."""
    newcomer = await scene.newcomer()
    await scene.rest(scene.people["owner"], "POST", "members/", {"user": newcomer.id})
    words = await newcomer.send(scene.room, f"to @{scene.people['owner'].username}", client_ref="1", data={"x": 1})
    regret = await newcomer.send(scene.room, "no")
    await scene.rest(newcomer, "PATCH", f"messages/{words['id']}/", {"body": "other words"})
    await scene.rest(newcomer, "DELETE", f"messages/{regret['id']}/")
    await scene.rest(newcomer, "PUT", f"messages/{scene.said['first']['id']}/reactions/👍/")
    await scene.rest(scene.people["member"], "PUT", f"messages/{words['id']}/reactions/🎉/")
    await scene.people["member"].send(scene.room, f"@{newcomer.username} said so", reply_to=words["id"])
    await scene.rest(scene.people["owner"], "PATCH", "", {"custom_events": "member"})
    await scene.rest(newcomer, "POST", "events/", {"name": "voted", "data": {"for": {"id": newcomer.id}}})

"""A thousand devices signed out in one moment, five hundred of them with a socket: all close, and nobody waits."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

from tests.client import DEADLINE, Person, Socket
from tests.realtime.ways import in_header
from tests.revocation.live import Ear
from tests.servers import manage

DEVICES, SOCKETS = 1_000, 500
OF_ONE_USER = 40

_GRANT = """
from accounts import devices, users
from accounts.models import User
with open({path!r}, "w") as tokens:
    for number in range({users}):
        user = User.objects.create_user(f"storm-{{number}}", "x")
        for _ in range({each}):
            tokens.write(devices.grant(user=user).access_token + "\\n")
"""
_REVOKE = """
from accounts import devices
from accounts.models import User
for user in User.objects.filter(username__startswith="storm-"):
    devices.revoke_all(user_id=user.id)
"""


async def test_a_storm_of_revocations(running, site, tmp_path):
    path = tmp_path / "tokens"
    grant = _GRANT.format(path=str(path), users=DEVICES // OF_ONE_USER, each=OF_ONE_USER)
    await shell(running, grant)
    tokens = path.read_text().split()[::2][:SOCKETS]
    assert len(tokens) == SOCKETS
    alice = await site.person("alice")
    async with AsyncExitStack() as stack:
        storm = [Ear(socket) for socket in await opened(stack, site, tokens)]
        async with alice.socket(worker=0) as first, alice.socket(worker=1) as second:
            waits: list[float] = []
            pinging = [asyncio.create_task(ping(socket, waits)) for socket in (first, second)]
            await shell(running, _REVOKE)
            assert set(await asyncio.gather(*(each.ended() for each in storm))) == {4401}
            for task in pinging:
                task.cancel()
            await asyncio.gather(*pinging, return_exceptions=True)
            assert await alive(alice)
            assert waits
            assert max(waits) < DEADLINE / 3


async def opened(stack: AsyncExitStack, site, tokens: list[str]) -> list[Socket]:
    at_once = asyncio.Semaphore(20)

    async def dial(number: int, token: str) -> Socket:
        async with at_once:
            socket = await stack.enter_async_context(in_header(token).dial(site, number))
            assert (await socket.frame())["type"] == "welcome"
            return socket

    return await asyncio.gather(*(dial(number, token) for number, token in enumerate(tokens)))


async def ping(socket: Socket, waits: list[float]) -> None:
    while True:
        begun = time.monotonic()
        await socket.connection.send(json.dumps({"type": "ping"}))
        await socket.wait_for(lambda frame: frame["type"] == "pong")
        waits.append(time.monotonic() - begun)
        await asyncio.sleep(0.02)


async def alive(person: Person) -> bool:
    return (await person.request("GET", "users/me/")).status_code == 200


async def shell(running, code: str) -> None:
    await asyncio.to_thread(manage, "shell", "--verbosity", "0", "-c", code, **running.variables)

#!/usr/bin/env bash
# websockets 17.4: `async for socket in connect(url)` waits longer and longer between attempts that fail, so one would
# guess that it also waits after a server that accepts each handshake and closes it at once (4401, say, since browsers can't
# read an HTTP status). It does not: a handshake that succeeded resets the delay to none, and the client reconnects as
# fast as it can until the application itself counts.
# Seen: 915 connections in 2 s on a busy 2-core machine. With any delay between them it would be a handful.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check websockets==17.4
"$folder/venv/bin/python" - <<'PY'
import asyncio
import sys

import websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

accepted = 0


async def refuse(socket):
    global accepted
    accepted += 1
    await socket.close(4401, "sign in again")


async def follow(port):
    async for socket in connect(f"ws://127.0.0.1:{port}/"):
        try:
            await socket.recv()
        except websockets.ConnectionClosed:
            continue


async def main():
    async with serve(refuse, "127.0.0.1", 0) as server:
        client = asyncio.create_task(follow(server.sockets[0].getsockname()[1]))
        await asyncio.sleep(2)
        client.cancel()
    print(f"websockets {websockets.__version__}: {accepted} connections in 2 s")
    sys.exit(accepted < 20)


asyncio.run(main())
PY

#!/usr/bin/env bash
# uvloop 0.23.0: a listening process that has no file descriptor left. One would guess that accept's error (EMFILE) reaches the
# loop's exception handler, as with asyncio's own loop, which also stops accepting for a second. With uvloop nothing
# is reported: libuv accepts the connection with a descriptor that it keeps in reserve and closes it at once.
# Seen: asyncio reports "socket.accept() out of system resource"; with uvloop no handler is called, and the client, whose
# connection succeeded, reads the end of it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cat > "$folder/look.py" <<'PY'
import asyncio
import resource
import socket
import sys

import uvloop

reported = []


async def serve():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context["message"]))
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    clients = [socket.socket() for _ in range(4)]
    held = []
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass  # none is left
    ended = 0
    for client in clients:
        client.settimeout(2)
        await asyncio.get_running_loop().run_in_executor(None, client.connect, address)
    await asyncio.sleep(1)
    for client in clients:
        client.setblocking(False)
        try:
            ended += client.recv(1) == b""
        except BlockingIOError:
            pass
        except ConnectionError:
            ended += 1
    print(f"{sys.argv[1]}: {ended} of 4 connections were ended, reported: {sorted(set(reported))}")
    return ended, reported


resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with asyncio.Runner(loop_factory=uvloop.new_event_loop if sys.argv[1] == "uvloop" else None) as runner:
    ended, reported = runner.run(serve())
expected = (ended == 4 and not reported) if sys.argv[1] == "uvloop" else (ended == 0 and bool(reported))
sys.exit(not expected)
PY
"$folder/venv/bin/python" "$folder/look.py" asyncio
"$folder/venv/bin/python" "$folder/look.py" uvloop

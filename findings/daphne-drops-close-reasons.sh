#!/usr/bin/env bash
# daphne 4.2.3: an application that sends {"type": "websocket.close", "code": 4401, "reason": "..."} (ASGI 2.3) closes with the
# code alone. One would guess that the reason is sent, as uvicorn and Hypercorn do: it has been in the specification
# since 2022, and daphne takes the key without a word.
# Seen: the client gets 4401 and an empty reason.
set -euo pipefail
folder=$(mktemp -d); trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check daphne==4.2.3 websockets==17.4
cat > "$folder/application.py" <<'PY'
async def application(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4401, "reason": "the token has expired"})
PY
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/daphne" --bind 127.0.0.1 --port "$port" application:application >"$folder/log" 2>&1 &
server=$!
"$folder/venv/bin/python" - "$port" <<'PY'
import sys
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as open_socket

for attempt in range(100):
    try:
        socket = open_socket(f"ws://127.0.0.1:{sys.argv[1]}/", legacy=True)
        break
    except OSError:
        time.sleep(0.2)
try:
    socket.recv(timeout=20)
except ConnectionClosed:
    pass
print(f"daphne 4.2.3: close code {socket.close_code}, reason {socket.close_reason!r}")
sys.exit((socket.close_code, socket.close_reason) != (4401, ""))
PY

#!/usr/bin/env bash
# A process on uvloop 0.23.0 is stopped (SIGSTOP, a debugger, `docker pause`) for 1.5 s. Data arrives 0.2 s into the stop; a timer
# of the process is due later. One would guess that, continued, it reads what has waited and then runs the timer, as it does
# when it was only busy for as long. But Linux ends epoll_wait with EINTR after a stop (signal(7)); libuv, and Python's selectors
# under asyncio too, then find their timeout over and return without another look at the sockets. So a server that closes
# silent clients by timers (heartbeats, header deadlines) closes the ones that wrote in time.
# Seen: stopped, asyncio and uvloop: timer, data. Busy, both: data, timer.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cat > "$folder/process.py" <<'PY'
"""Arguments: the loop, how to pause, a socket's descriptor. Prints in which order data and a timer are handled."""
import asyncio
import socket
import sys
import time

kind, pause, descriptor = sys.argv[1:]


async def main():
    seen, both = [], asyncio.Event()

    def note(what):
        seen.append(what)
        if len(seen) == 2:
            both.set()

    class Reader(asyncio.Protocol):
        def data_received(self, data):
            note("data")

    loop = asyncio.get_running_loop()
    await loop.create_connection(Reader, sock=socket.socket(fileno=int(descriptor)))
    await asyncio.sleep(0.1)
    loop.call_later(1, note, "timer")
    print("ready", flush=True)
    if pause == "busy":
        loop.call_later(0.1, time.sleep, 1.5)
    await asyncio.wait_for(both.wait(), 10)
    print(*seen)


if kind == "uvloop":
    import uvloop as loops
else:
    import asyncio as loops
loop = loops.new_event_loop()
loop.run_until_complete(main())
PY
"$folder/venv/bin/python" - "$folder/process.py" <<'PY'
import signal
import socket
import subprocess
import sys
import time


def order(kind, pause):
    ours, theirs = socket.socketpair()
    command = [sys.executable, sys.argv[1], kind, pause, str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        if pause == "stopped":
            process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        ours.send(b"x")
        time.sleep(1.5)
        process.send_signal(signal.SIGCONT)
        return process.stdout.readline().strip()


seen = {(kind, pause): order(kind, pause) for kind in ("asyncio", "uvloop") for pause in ("stopped", "busy")}
print(seen)
sys.exit(any(first != ("timer data" if pause == "stopped" else "data timer") for (_, pause), first in seen.items()))
PY

"""The announcer on whatever loop there is: none, one that is over, and a process that ends or is forked."""

import asyncio
import subprocess
import sys
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from config.env import PROJECT_DIR
from core.announcer import Announcer
from tests.unit.announced import payloads, put
from tests.unit.stand_ins import LAYERS, Layer

DEADLINE = 40.0


@pytest.fixture
def layer(settings) -> Layer:
    settings.CHANNEL_LAYERS = LAYERS
    return get_channel_layer()


# Loops


def test_without_a_loop_it_sends_from_a_thread_of_its_own(layer):
    announcer, room = Announcer(), uuid4()
    put(announcer, room, 1, 2)
    announcer.flush(DEADLINE)
    put(announcer, room, 3)
    announcer.flush(DEADLINE)
    assert payloads(layer, room) == ["1", "2", "3"]


def test_a_loop_that_is_over_is_not_waited_for(layer):
    announcer, room = Announcer(), uuid4()

    async def serve() -> None:
        announcer.attach()
        put(announcer, room, 1)
        await announcer.aclose()
        put(announcer, room, 2)

    asyncio.run(serve())
    put(announcer, room, 3)
    announcer.flush(DEADLINE)
    assert payloads(layer, room) == ["1", "2", "3"]


def test_a_loop_that_ended_without_a_word_is_replaced(layer):
    announcer, room = Announcer(), uuid4()

    async def serve() -> None:
        announcer.attach()

    asyncio.run(serve())
    put(announcer, room, 1)
    announcer.flush(DEADLINE)
    assert payloads(layer, room) == ["1"]


def test_a_server_that_ends_before_it_has_sent_leaves_the_rest_to_the_next_put(layer):
    announcer, room = Announcer(), uuid4()

    async def serve() -> None:
        announcer.attach()
        layer.taking.clear()
        put(announcer, room, 1)
        await asyncio.sleep(0.01)
        put(announcer, room, 2)

    asyncio.run(serve())
    layer.taking.set()
    put(announcer, room, 3)
    announcer.flush(DEADLINE)
    assert payloads(layer, room) == ["2", "3"]


def test_a_flush_gives_up_on_a_layer_that_hangs_without_a_traceback(layer):
    """It runs as the process exits, where an exception is a traceback on somebody's terminal."""
    announcer = Announcer()
    layer.taking.clear()
    put(announcer, uuid4(), 1)
    announcer.flush(0.01)


def test_flushing_what_never_sent_is_nothing():
    Announcer().flush()


# Processes

SCRIPT = """
import os, sys, uuid
from channels.layers import InMemoryChannelLayer
class Printing(InMemoryChannelLayer):
    async def group_send(self, group, message):
        os.write(1, f"{os.getpid() == parent} {message['payloads']}\\n".encode())
sys.modules["printing"] = sys.modules["__main__"]
parent = os.getpid()
from django.conf import settings
settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": "printing.Printing"}})
from core.announcer import announcer
from chat.eventlog.announcements import Appended
room, epoch = uuid.uuid4(), uuid.uuid4()
def say(seq, text):
    Appended(room, epoch, seq, [text]).put()
"""


def run(script: str) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", SCRIPT + script]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_process_that_ends_sends_what_is_waiting():
    assert run("say(1, 'last words')") == ["True ['last words']"]


def test_a_forked_worker_sends_its_own_and_nothing_of_its_parents():
    script = """
say(1, 'of the parent')
announcer.flush()
child = os.fork()
if child == 0:
    say(2, 'of the child')
    announcer.flush()
    os._exit(announcer.failed)
assert os.waitpid(child, 0)[1] == 0
"""
    assert run(script) == ["True ['of the parent']", "False ['of the child']"]

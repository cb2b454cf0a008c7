"""A process that was forked has a writer of its own."""

import subprocess
import sys

import pytest

from config.env import PROJECT_DIR

pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = """
import os, sys, threading
from django.conf import settings
from config import services
database = services.database(sys.argv[1])
database["OPTIONS"].get("pool", {})["timeout"] = 1
settings.configure(DATABASES={"default": database}, USE_TZ=True)
import django
django.setup()
from django.db import connection
from chat.group_commit.writer import Writer
parent = os.getpid()
gate = threading.Event()
def store(items):
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid if connection.vendor == "postgresql" else 0
    if "slow" in items:
        entered.set()
        gate.wait(20)
    return [(item, os.getpid() == parent, pid) for item in items]
entered = threading.Event()
writer = Writer(store, capacity=10)
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
def fork(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as failure:
            say(repr(failure))
        os._exit(0)
    os.waitpid(child, 0)
"""


def lines(script: str, url: str) -> list[str]:
    """What it says, in a process of its own."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT + script, url]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def test_a_forked_child_has_a_thread_of_its_own_and_nothing_of_its_parents():
    script = """
writer.put("slow", lambda outcome: say(*outcome[:2]))
entered.wait(20)
writer.put("parent's", lambda outcome: say(*outcome[:2]))
def child():
    say(*writer.write("child's")[:2])
    say(writer.close(20))
fork(child)
gate.set()
say(writer.close(20))
"""
    assert lines(script, "sqlite://:memory:") == ["child's False", "True", "slow True", "parent's True", "True"]


def test_a_forked_child_has_a_connection_of_its_own(postgres_database):
    """With the pool it would have its parent's sockets, or wait for threads that it does not have."""
    script = """
_, _, pid = writer.write("parent's")
with connection.cursor() as cursor:
    cursor.execute("SELECT pid FROM pg_stat_activity")
    of_the_parent = {row[0] for row in cursor}
connection.close()
def child():
    item, _, own = writer.write("child's")
    say(item, own not in of_the_parent)
    writer.close(20)
fork(child)
say(writer.write("parent's")[2] == pid)
writer.close(20)
connection.close_pool()
"""
    assert lines(script, postgres_database()) == ["child's True", "True"]

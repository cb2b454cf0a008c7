"""The first moments of a process, in which many ask for names that nobody has."""

import subprocess
import sys

from tests.servers import PROJECT, environment

SCRIPT = """
import threading
import django
django.setup()
from accounts import credentials
together, found = threading.Barrier(8), []
def ask():
    together.wait()
    found.append(credentials.nobody())
askers = [threading.Thread(target=ask) for _ in range(8)]
for asker in askers: asker.start()
for asker in askers: asker.join()
print(len({user.password for user in found}))
"""


def test_they_cost_one_hash_together(tmp_path):
    """Each takes 100 MB while it is computed: a thousand at once would be the end of the machine."""
    variables = environment(DATABASE_URL=f"sqlite:///{tmp_path / 'database.sqlite3'}")
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=90, check=True)
    assert done.stdout.split() == ["1"]

"""A program that executes another one as the given user, with a signal from the kernel when its parent dies.

Usage: guard.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM [ARGUMENT ...]; DEATH_SIGNAL 0 is none.

It is a separate program because Popen can't ensure the order: a change of user clears the death signal (prctl(2),
PR_SET_PDEATHSIG), and `preexec_fn` is unsafe in a process with threads. It starts before the change of user, so the new
user need not be able to run this Python.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(terms: list[int], program: list[str]) -> None:
    parent, death_signal, uid, gid = terms
    # Python ignores these two signals, and an ignored signal stays ignored in the executed program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if uid != os.getuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if death_signal and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # the parent died before the death signal was set
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:5]], sys.argv[5:])

"""An event loop whose time passes only when nothing else can happen: waits cost nothing and fall out the same."""

import asyncio
import functools
import selectors


class _Selector(selectors.DefaultSelector):
    """Where a loop would sleep, the clock moves on instead."""

    now = 0.0

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("everything waits for something that will never be")
        if not events:
            self.now += max(timeout, 0)
        return events


class Clock(asyncio.SelectorEventLoop):
    """It also keeps every task, so that one which failed behind the scenes fails the test."""

    def __init__(self):
        self._clock = _Selector()
        super().__init__(self._clock)
        self.tasks = []
        self.set_task_factory(self._create)

    def time(self):
        return self._clock.now

    def _create(self, loop, work, **named):
        task = asyncio.Task(work, loop=loop, **named)
        self.tasks.append(task)
        return task

    def failures(self):
        over = [task for task in self.tasks if task.done()]
        self.tasks = [task for task in self.tasks if not task.done()]
        return [task.exception() for task in over if not task.cancelled() and task.exception()]

    def shutdown(self):
        for task in asyncio.all_tasks(self):
            task.cancel()
        self.run_until_complete(asyncio.sleep(0))
        self.run_until_complete(asyncio.sleep(0))
        self.close()


def virtual(test):
    """The test runs on a Clock. The code under test may leave tasks; none may have failed."""

    @functools.wraps(test)
    def run(*args, **named):
        clock = Clock()
        try:
            clock.run_until_complete(test(*args, **named))
            assert clock.failures() == []
        finally:
            clock.shutdown()

    return run

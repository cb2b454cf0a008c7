"""The log of a service that does not answer: its beginning, one line a minute, its end; always with the reason."""

import logging

import pytest
import redis

from config.logs import OncePerMinute
from core.outages import Outage, reason
from realtime.concurrency.tasks import Tasks
from tests.client import until


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (redis.ConnectionError("certificate verify failed"), "ConnectionError: certificate verify failed"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ExceptionGroup("of a task group", [OSError("the first"), OSError("another")]), "OSError: the first"),
    ],
)
def test_a_reason_is_class_and_text_in_one_line(error, text):
    assert reason(error) == text


def test_an_outage_is_logged_at_its_beginning_each_minute_and_at_its_end(caplog):
    now = 0.0
    outage = Outage(logging.getLogger("service"), "Redis", "nobody can sign in", clock=lambda: now)
    with caplog.at_level(logging.INFO):
        outage.end()
        for moment in (0.0, 1.0, 59.0, 60.0, 61.0):
            now = moment
            outage.note(OSError("refused"))
        outage.end()
        outage.end()
    line = "Redis does not answer, nobody can sign in: OSError: refused"
    assert [record.getMessage() for record in caplog.records] == [line, line, "Redis answers again"]


def test_a_library_s_repeated_traceback_becomes_one_line():
    def record(text: str) -> logging.LogRecord:
        error = ConnectionError("refused")
        return logging.LogRecord("library", logging.ERROR, "", 0, text, (), (ConnectionError, error, None))

    once = OncePerMinute()
    first = record("in the receive task")
    assert once.filter(first)
    assert (first.getMessage(), first.exc_info) == ("in the receive task: ConnectionError: refused", None)
    assert not once.filter(record("in the receive task"))
    assert once.filter(record("elsewhere"))


async def test_work_that_goes_on_survives_an_error_that_it_did_not_expect(caplog, monkeypatch):
    monkeypatch.setattr("realtime.concurrency.tasks._RESTART_SECONDS", 0.01)
    begun = []

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise ValueError("unexpected")

    tasks = Tasks()
    task = tasks.keep(work)
    await until(task.done)
    assert len(begun) == 3
    assert len(caplog.records) == 2

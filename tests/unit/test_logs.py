"""No token reaches a log, however it came into the line."""

import io
import logging
import sys

import pytest

from accounts import secret
from config.logs import RedactSecrets

TOKEN = secret.ACCESS + "k3Jd-9_xQ" * 5


@pytest.fixture
def log():
    """A logger, and what its handler has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactSecrets())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.written = written.getvalue
    return logger


def test_every_kind_of_token_is_redacted_and_its_kind_still_told(log):
    for prefix in (secret.ACCESS, secret.REFRESH, secret.TICKET):
        log.info("token=%s", secret.mint(prefix))
    assert log.written() == "token=rwa_[redacted]\ntoken=rwr_[redacted]\ntoken=rwt_[redacted]\n"


@pytest.mark.parametrize(
    ("message", "args"),
    [
        (f"{TOKEN}", ()),
        ("%s", (TOKEN,)),
        ('%s - "WebSocket %s" [accepted]', ("127.0.0.1:5", f"/ws/?token={TOKEN}&since=4")),
        ("%r", ({"token": TOKEN, "Authorization": f"Bearer {TOKEN}"},)),
        ("%(token)s", ({"token": TOKEN},)),
        ("%s", (f"roomwire.bearer.{TOKEN}",)),
        ("%s", (f"GET /?next=%2Fws%2F%3Ftoken%3D{TOKEN}",)),
        ("%s", (f"%22{TOKEN}%22",)),
        ("%s", (repr(f"token:\n{TOKEN}"),)),
        ("%s", (f"two: {TOKEN},{TOKEN}",)),
    ],
)
def test_a_token_anywhere_in_a_line_is_redacted(log, message, args):
    log.info(message, *args)
    assert TOKEN[4:] not in log.written()
    assert "rwa_[redacted]" in log.written()


def test_a_token_in_a_traceback_is_redacted(log):
    try:
        raise ValueError(TOKEN)
    except ValueError:
        log.exception("failed with %s", TOKEN)
    assert TOKEN not in log.written()
    assert "ValueError: rwa_[redacted]" in log.written()


def test_a_line_without_one_is_left_alone(log):
    log.info("%s of %d, rwa_ is a prefix, so is drwa", "one", 2)
    assert log.written() == "one of 2, rwa_ is a prefix, so is drwa\n"


def test_a_record_keeps_its_arguments_unless_it_must_not():
    kept = logging.LogRecord("x", logging.INFO, "", 1, "%s", ("fine",), None)
    assert RedactSecrets().filter(kept)
    assert (kept.msg, kept.args) == ("%s", ("fine",))


@pytest.mark.filterwarnings("default")
def test_a_call_with_the_wrong_arguments_harms_no_more_than_its_line(log, monkeypatch):
    """As logging itself has it: whoever logs badly is told so on stderr, not by an exception."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    log.info("%d", "x")
    log.info("%s %s", "one")
    log.info("next")
    assert log.written().endswith("next\n")

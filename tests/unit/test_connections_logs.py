"""What the libraries below a socket log of its handshake and frames, and what is left of it."""

import logging

import pytest

from config.logs import RedactSecrets, redacted

COOKIE = "k3jd9xqk3jd9xqk3jd9xqk3jd9xq0123"
TOKEN = "rwa_" + "k3Jd-9_xQ" * 5


@pytest.mark.parametrize(
    "line",
    [
        f"< cookie: a=b; sessionid={COOKIE}",
        f"< Cookie: sessionid={COOKIE}",
        f"> Set-Cookie: sessionid={COOKIE}; HttpOnly; Path=/",
        f"< Authorization: Basic {COOKIE}",
        f"< authorization: Bearer {COOKIE}",
        f"< Sec-WebSocket-Protocol: roomwire.v1, roomwire.bearer.{COOKIE}",
        f"headers=[(b'cookie', b'sessionid={COOKIE}')]",
        f"{{'cookie': 'sessionid={COOKIE}'}}",
        f'{{"Authorization":"Bearer {COOKIE}"}}',
        f'1.2.3.4:5 - "WebSocket /ws/?token={COOKIE}" [accepted]',
        f'1.2.3.4:5 - "WebSocket /ws/?a=b&token={COOKIE}&since=4" [accepted]',
        f"< GET /ws/?token=%72wa_{COOKIE} HTTP/1.1",
        f'< TEXT \'{{"type":"authenticate","token":"rwa_{COOKIE[:9]}...{COOKIE}"}}\' [102 bytes]',
        f'< TEXT \'"token": "\\u0072wa_{COOKIE}"\' [text, 102 bytes, continued]',
        f"< CONT '{COOKIE}' [102 bytes]",
        f"> TEXT '{COOKIE}' [1 byte]",
        "< BINARY 6b 33 " + COOKIE + " [text, 32 bytes]",
        f"RWA_{COOKIE}",
    ],
)
def test_nothing_of_a_secret_is_left(line):
    kept = redacted(line)
    assert COOKIE not in kept
    assert COOKIE[:9] not in kept
    assert "[redacted]" in kept
    assert redacted(kept) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"< GET /ws/?token={TOKEN}&since=4 HTTP/1.1", "< GET /ws/?token=rwa_[redacted]&since=4 HTTP/1.1"),
        ('< TEXT \'{"type":"ping"}\' [15 bytes]', "< TEXT [redacted] [15 bytes]"),
        ("< Host: localhost\n", "< Host: localhost\n"),
        ("< Sec-WebSocket-Key: AAAA", "< Sec-WebSocket-Key: AAAA"),
        ("> PING 11 22 [binary, 2 bytes]", "> PING 11 22 [binary, 2 bytes]"),
        ("= connection is OPEN", "= connection is OPEN"),
        ("tokens can't be checked: OSError()", "tokens can't be checked: OSError()"),
    ],
)
def test_the_rest_is(line, kept):
    assert redacted(line) == kept


def test_the_filter_does_it_to_what_a_record_says():
    record = logging.LogRecord("x", logging.DEBUG, "", 1, "< %s: %s", ("Cookie", f"sessionid={COOKIE}"), None)
    assert RedactSecrets().filter(record)
    assert record.getMessage() == "< Cookie: [redacted]"

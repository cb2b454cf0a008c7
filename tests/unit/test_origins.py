"""Origins are compared as origins: scheme, host in any case, and port, written or the scheme's own."""

import logging

import pytest

from core import origins


@pytest.mark.parametrize(
    ("origin", "host", "plain", "tls_only"),
    [
        ("https://app.example.com", "localhost", True, True),
        ("https://app.example.com:443", "localhost", True, True),
        ("HTTPS://APP.Example.com", "localhost", True, True),
        ("https://app.example.com:8443", "localhost", False, False),
        ("http://app.example.com", "localhost", False, False),
        ("https://app.example.com.evil.com", "localhost", False, False),
        ("https://localhost", "localhost", True, True),
        ("https://localhost", "localhost:443", True, True),
        ("https://localhost:443", "localhost", True, True),
        ("https://localhost:8443", "localhost:8443", True, True),
        ("https://localhost:8443", "localhost", False, False),
        ("https://localhost", "LocalHost", True, True),
        ("https://LOCALHOST", "localhost", True, True),
        ("http://localhost", "localhost", True, False),
        ("http://localhost:80", "localhost", True, False),
        ("http://localhost", "localhost:80", True, False),
        ("http://localhost:8000", "localhost:8000", True, False),
        ("https://localhost:8000", "localhost:8000", True, True),
        ("https://localhost:80", "localhost", False, False),
        ("https://127.0.0.1", "127.0.0.1", True, True),
        ("https://evil.example.com", "evil.example.com", False, False),
        ("https://localhost", "", False, False),
        ("https://", "", False, False),
        ("", "", False, False),
        ("null", "null", False, False),
        ("localhost", "localhost", False, False),
        ("https://localhost/", "localhost", False, False),
        ("https://user@localhost", "localhost", False, False),
        ("https://localhost:port", "localhost", False, False),
        ("ftp://localhost", "localhost", False, False),
        ("https://app.example.com, https://app.example.com", "localhost", False, False),
    ],
)
def test_the_pages_that_may_call(settings, origin, host, plain, tls_only):
    """The last two: where session cookies travel over anything, and where over TLS only."""
    assert origins.is_allowed(origin, host=host) is plain
    settings.SESSION_COOKIE_SECURE = True
    assert origins.is_allowed(origin, host=host) is tls_only


def test_an_ipv6_host_is_its_own_origin(settings):
    settings.ALLOWED_HOSTS = ["[::1]"]
    assert origins.is_allowed("http://[::1]:8000", host="[::1]:8000")
    assert not origins.is_allowed("http://[::2]:8000", host="[::2]:8000")


def test_a_refused_origin_is_logged_once_with_the_setting_that_admits_it(caplog):
    refusals = origins._Refusals()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            refusals.log("https://New.example.com:443")
    assert [record.getMessage() for record in caplog.records] == [
        "pages of the origin 'https://New.example.com:443' are refused; "
        "to admit it, add https://new.example.com to CORS_ALLOWED_ORIGINS"
    ]


def test_made_up_origins_do_not_fill_the_log(caplog):
    refusals = origins._Refusals()
    with caplog.at_level(logging.WARNING):
        for number in range(1_000):
            refusals.log(f"https://{number}.example.com")
        refusals.log("x" * 10_000)
    assert len(caplog.records) == origins._LOGGED_ORIGINS
    assert len(refusals._logged) == origins._LOGGED_ORIGINS

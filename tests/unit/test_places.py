"""Settings that name places are refused at start where they could never match or connect."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import places, services

GOOD_ORIGINS = [
    "https://app.example.com",
    "http://localhost:3000",
    "http://[::1]:3000",
    "https://xn--mnchen-3ya.example",
    "capacitor://localhost",
    "https://app.example.com:8443",
]


def test_origins_as_browsers_send_them_are_taken():
    assert places.require_origins(GOOD_ORIGINS) == GOOD_ORIGINS


@pytest.mark.parametrize(
    ("origin", "mended"),
    [
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com/path?query#fragment", "https://app.example.com"),
        ("app.example.com", "https://app.example.com"),
        ("app.example.com:8443", "https://app.example.com:8443"),
        ("https://App.Example.com", "https://app.example.com"),
        ("HTTPS://app.example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("https://app.example.com.", "https://app.example.com"),
        ("https://user:secret@app.example.com", "https://app.example.com"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("*", None),
        ("https://*.example.com", None),
        ("null", None),
        ("https://", None),
        ("https://app.example.com:port", None),
        ("https://app example.com", None),
        ("http://[", None),
    ],
)
def test_other_origins_are_refused_with_the_right_one(origin, mended):
    with pytest.raises(ImproperlyConfigured, match="CORS_ALLOWED_ORIGINS") as refused:
        places.require_origins([origin])
    assert "secret" not in str(refused.value).replace(repr(origin), "")
    if mended is not None:
        assert str(refused.value).endswith(f"Write {mended}")
    else:
        assert "https://app.example.com" in str(refused.value)


@pytest.mark.parametrize("host", ["example.com", ".example.com", "Example.com", "127.0.0.1", "[::1]", "*"])
def test_hosts_are_taken(host):
    assert places.require_hosts([host]) == [host]


@pytest.mark.parametrize(
    ("host", "mended"),
    [
        ("https://example.com", "example.com"),
        ("example.com:443", "example.com"),
        ("example.com/", "example.com"),
        ("example.com.", "example.com"),
        ("::1", "[::1]"),
        ("[::1]:8000", "[::1]"),
    ],
)
def test_what_is_no_host_alone_is_refused_with_the_host(host, mended):
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS") as refused:
        places.require_hosts([host])
    assert str(refused.value).endswith(f"Write {mended}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://redis.example.com",
        "redis://redis.example.com:6379/3",
        "redis://[::1]:6379/0",
        "redis://user:p%40ss@redis.example.com/0?socket_timeout=3&protocol=2",
        "unix:///run/redis/redis.sock?db=1",
        "rediss://redis.example.com?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required",
    ],
)
def test_redis_urls_are_taken(url):
    assert places.require_redis_url(url) == url


def test_valkeys_own_schemes_are_redis():
    assert places.require_redis_url("valkey://host/1") == "redis://host/1"
    assert places.require_redis_url("valkeys://host") == "rediss://host"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis.example.com:6379", "one URL"),
        ("redis://one.example.com,two.example.com", "one URL"),
        ("redis+sentinel://one.example.com/main", "must begin with"),
        ("http://redis.example.com", "must begin with"),
        ("redis://redis.example.com:99999", "port"),
        ("redis://:pa/ss@redis.example.com:6379", "%XX"),
        ("redis://redis.example.com/first", "number"),
        ("redis://redis.example.com?db=first", "'db'"),
        ("redis://redis.example.com?socket_timout=3", "'socket_timout'"),
        ("redis://redis.example.com?socket_timeout=soon", "'socket_timeout'"),
        ("redis://redis.example.com?decode_responses=no", "'decode_responses'"),
        ("redis://redis.example.com?protocol=7", "protocol"),
        ("redis://redis.example.com?ssl_ca_certs=/etc/ca.pem", "'ssl_ca_certs'"),
        ("rediss://redis.example.com?ssl_cert_reqs=CERT_NONE", "CERT_NONE"),
        ("unix://run/redis.sock", "path"),
        ("unix:///run/redis.sock?socket_keepalive=yes", "'socket_keepalive'"),
    ],
)
def test_redis_urls_that_can_t_be_used_are_refused_by_name(url, reason):
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL") as refused:
        places.require_redis_url(url)
    assert reason in str(refused.value)
    assert "ss@" not in str(refused.value), "part of a password"


def test_a_mail_url_s_parameters_reach_the_backend(settings):
    configured = services.mail("smtp+ssl://mail.example.com?timeout=3&ssl_certfile=/etc/mail.pem")
    flat = configured.get("MAILERS", {}).get("default", {}).get("OPTIONS") or {
        name.removeprefix("EMAIL_").lower(): value for name, value in configured.items()
    }
    assert (flat["timeout"], flat["ssl_certfile"]) == (3, "/etc/mail.pem")


@pytest.mark.parametrize(
    "url", ["smtp://h?tiemout=3", "smtp://h?timeout=soon", "smtp://h:port", "consolemail://?timeout=3", "mail://h"]
)
def test_mail_urls_that_can_t_be_used_are_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"(?i)email"):
        services.mail(url)

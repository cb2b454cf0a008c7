"""`sslmode` and its files are obeyed: a server that the URL does not trust gets no password and no query."""

import os
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.database.connecting import connected
from tests.tls import authority, tls_before


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder):
    return authority(folder, "ours")


@pytest.fixture(scope="module")
def wrong(folder):
    return authority(folder, "wrong")[0]


@pytest.fixture(scope="module")
def with_tls(ours):
    url = urlsplit(os.environ["DATABASE_URL"])
    with tls_before(url.port, ours[1]) as port:
        yield url._replace(netloc=f"{url.username}:{url.password}@localhost:{port}").geturl()


def encrypted(url: str) -> bool:
    with connected(url) as connection:
        return connection.pgconn.ssl_in_use


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_with_the_right_authority(with_tls, ours, mode):
    assert encrypted(f"{with_tls}?sslmode={mode}&sslrootcert={ours[0]}")


def test_without_being_asked_for(with_tls):
    assert not encrypted(f"{with_tls}?sslmode=disable")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_with_the_wrong_authority(with_tls, wrong, mode):
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        encrypted(f"{with_tls}?sslmode={mode}&sslrootcert={wrong}")


def test_with_another_name_than_the_certificates(with_tls, ours):
    url = with_tls.replace("@localhost:", "@127.0.0.1:")
    assert encrypted(f"{url}?sslmode=verify-ca&sslrootcert={ours[0]}")
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        encrypted(f"{url}?sslmode=verify-full&sslrootcert={ours[0]}")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_with_a_server_that_has_no_tls(wrong, mode):
    with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
        encrypted(f"{os.environ['DATABASE_URL']}?sslmode={mode}&sslrootcert={wrong}")


def test_an_idle_connection_with_tls_is_not_taken_for_a_dead_one(with_tls):
    """Servers may send session tickets after the handshake, which are there to read and no end."""
    with connected(f"{with_tls}?sslmode=require") as connection:
        assert not connection.is_over()

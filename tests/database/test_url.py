"""What a DATABASE_URL says reaches the driver, or is refused by name."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import services
from tests.database.connecting import connected, parameters, setting, value
from tests.database.sockets import on_a_socket
from tests.servers import PROJECT, environment

PLACES = {
    "postgres://u:p@h:5433/db": {"user": "u", "password": "p", "host": "h", "port": "5433", "dbname": "db"},
    "postgresql://h/db": {"host": "h", "dbname": "db"},
    "psql://h/db": {"host": "h", "dbname": "db"},
    "postgres://u@[::1]:5433/db": {"user": "u", "host": "::1", "port": "5433"},
    "postgres://h1:1,h2:2/db?target_session_attrs=read-write": {
        "host": "h1,h2",
        "port": "1,2",
        "target_session_attrs": "read-write",
    },
    "postgres://h1,[::1]:5/db": {"host": "h1,::1", "port": ",5"},
    "postgres:///db?host=/run/postgresql": {"host": "/run/postgresql", "dbname": "db"},
    "postgres:///db?host=/run/postgresql&port=5433": {"host": "/run/postgresql", "port": "5433"},
    "postgres://u:p@/db?host=/run/postgresql": {"user": "u", "password": "p", "host": "/run/postgresql"},
    "postgres://u@%2Frun%2Fpostgresql:5433/db": {"user": "u", "host": "/run/postgresql", "port": "5433"},
    "postgres://u:p@//run/postgresql/db": {"user": "u", "host": "/run/postgresql", "dbname": "db"},
    "postgres://h/?dbname=db&user=u": {"dbname": "db", "user": "u"},
    "postgres:///?service=chat": {"service": "chat"},
    "postgres://u%40x:p%2F%3Fw@h/a%20b": {"user": "u@x", "password": "p/?w", "dbname": "a b"},
    "postgres://u:p@w#%zz+@h/db": {"password": "p@w#%zz+", "host": "h"},
}
PARAMETERS = {
    "sslmode": "verify-full",
    "sslrootcert": "/ca.crt",
    "sslcert": "/client.crt",
    "sslkey": "/client.key",
    "sslcrl": "/crl",
    "channel_binding": "require",
    "gssencmode": "disable",
    "application_name": "chat",
    "connect_timeout": "9",
    "tcp_user_timeout": "7000",
    "keepalives_idle": "33",
    "passfile": "/pgpass",
    "hostaddr": "127.0.0.1",
    "load_balance_hosts": "random",
    "require_auth": "scram-sha-256",
}
REFUSED = {
    "postgres://h/db?sslmod=require": '"sslmod"',
    "postgres://h/db?SSLMODE=require": '"SSLMODE"',
    "postgres://h/db?conn_max_age=60": '"conn_max_age"',
    "postgres://h/db?pool=true": '"pool"',
    "postgres://h/db?sslmode=require&sslmode=disable": "more than once: sslmode",
    "postgres://h/db?client_encoding=latin1": "client_encoding",
    "postgres://h/db?sslmode": "sslmode",
    "postgres://h:5a/db": "port",
    "postgres://h/": "names no database",
    "postgres://u:secret/x@h/db": "%XX",
    "postgres://u:secret?x@h/db": "%XX",
    "mysql://h/db": "must begin with postgres:// or sqlite:///",
    "h/db": "must begin with postgres:// or sqlite:///",
    "": "must begin with postgres:// or sqlite:///",
    "sqlite:///a.db?mode=ro": "'mode'",
    "sqlite:///a.db?timeout=soon": "timeout",
    "sqlite:///a.db?timeout=": "timeout",
    "sqlite:///a#b.db": "%23",
    "sqlite://var/a.db": "sqlite:///relative/path",
}


@pytest.mark.parametrize(("url", "expected"), PLACES.items(), ids=PLACES)
def test_a_server_is_found_in_each_common_spelling(url, expected):
    assert parameters(url).items() >= expected.items()


@pytest.mark.parametrize(("name", "given"), PARAMETERS.items(), ids=PARAMETERS)
def test_a_parameter_reaches_the_driver(name, given):
    assert parameters(f"postgres://h/db?{name}={given}")[name] == given


@pytest.mark.parametrize(("url", "reason"), REFUSED.items(), ids=REFUSED)
def test_what_would_not_reach_the_driver_is_refused_by_name(url, reason):
    with pytest.raises(ImproperlyConfigured) as refused:
        services.database(url)
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def test_ours_are_added():
    added = parameters("postgres://h/db")
    assert added.keys() >= {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "options"}


def test_a_process_refuses_to_start_in_one_line():
    variables = environment(DATABASE_URL="postgres://h/db?sslmod=require")
    command = [sys.executable, "-m", "config.serve"]
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr == (
        'Roomwire does not start: DATABASE_URL is refused by libpq: invalid URI query parameter: "sslmod"\n'
    )


def test_sqlite_takes_its_own_parameters():
    database = services.database("sqlite:////tmp/a%20b.db?timeout=7.5&cached_statements=20")
    assert (database["NAME"], database["OPTIONS"]["timeout"]) == ("/tmp/a b.db", 7.5)
    assert database["OPTIONS"]["cached_statements"] == 20
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


# On a real server


def url(query: str) -> str:
    return f"{os.environ['DATABASE_URL']}?{query}"


def test_the_urls_options_are_merged_with_the_waits():
    options = "-c%20search_path%3Dpg_catalog%20-c%20lock_timeout%3D777ms"
    with connected(url(f"application_name=tried&options={options}")) as connection:
        names = ("application_name", "search_path", "lock_timeout", "statement_timeout")
        assert [setting(connection, name) for name in names] == ["tried", "pg_catalog", "777ms", "10s"]


@pytest.mark.parametrize("options", ["-c%20statement_timeout%3D30s", "--statement-timeout%3D30000"])
def test_the_client_waits_a_little_longer_than_the_server(options):
    with connected(url("application_name=a")) as ours, connected(url(f"options={options}")) as theirs:
        assert (ours.patience, theirs.patience) == (12.0, 32.0)
    with connected(url("options=-c%20statement_timeout%3D0")) as endless:
        assert endless.patience is None


@pytest.fixture(scope="module")
def socket():
    with on_a_socket() as address:
        yield address


@pytest.mark.parametrize(
    "spelling",
    [
        "postgres:///{name}?host={folder}&port={port}&user={user}&password={password}",
        "postgres://{user}:{password}@/{name}?host={folder}&port={port}",
        "postgres://{user}:{password}@{quoted}:{port}/{name}",
        "postgres://{user}:{password}@/{folder}/{name}?port={port}",
    ],
)
def test_a_unix_socket_of_any_port(socket, spelling):
    with connected(spelling.format(**socket)) as connection:
        assert value(connection, "inet_server_addr() IS NULL")

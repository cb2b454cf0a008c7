"""Whose address a request has behind proxies: under WSGI what uvicorn says, whatever anybody sends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from config import env, proxy_headers
from tests.client import Site
from tests.deploy.running import query
from tests.servers import PROJECT, Server

LOCAL = "127.0.0.1,::1"
NGINX = "127.0.0.1"
CLIENT = "203.0.113.9"


def under_wsgi(proxies: str, peer: str | None, *values: str) -> tuple[str, int] | None:
    """The address that the application is told, and its port; Gunicorn joins a repeated header's values with commas."""
    request: dict[str, Any] = {} if peer is None else {"REMOTE_ADDR": peer, "REMOTE_PORT": "1"}
    if values:
        request["HTTP_X_FORWARDED_FOR"] = ",".join(values)
    told: list[dict[str, Any]] = []

    def application(request, start_response):
        told.append(dict(request))
        return [b"answer"]

    assert proxy_headers.believing(proxies, application)(request, lambda *_: None) == [b"answer"]
    (seen,) = told
    return (seen["REMOTE_ADDR"], int(seen["REMOTE_PORT"])) if "REMOTE_ADDR" in seen else None


def under_uvicorn(proxies: str, peer: str | None, *values: str) -> tuple[str, int] | None:
    headers = [(b"x-forwarded-for", value.encode("latin1")) for value in values]
    scope: dict[str, Any] = {"type": "http", "client": None if peer is None else (peer, 1), "headers": headers}
    told: list[Any] = []

    async def application(scope, receive, send):
        told.append(scope["client"])

    with asyncio.Runner() as runner:
        runner.run(ProxyHeadersMiddleware(application, proxies)(scope, None, None))
    (seen,) = told
    return seen


TOLD = {
    "nginx": (LOCAL, NGINX, CLIENT, CLIENT),
    "nginx over IPv6": (LOCAL, "::1", CLIENT, CLIENT),
    "the other way to write it": (LOCAL, "0:0:0:0:0:0:0:1", CLIENT, CLIENT),
    "not its IPv4 in IPv6": (LOCAL, "::ffff:127.0.0.1", CLIENT, "::ffff:127.0.0.1"),
    "no header": (LOCAL, NGINX, None, NGINX),
    "an empty header": (LOCAL, NGINX, "", NGINX),
    "blanks": (LOCAL, NGINX, "  ", NGINX),
    "spoofed": (LOCAL, "198.51.100.7", CLIENT, "198.51.100.7"),
    "spoofed, from next door": (LOCAL, "127.0.0.2", CLIENT, "127.0.0.2"),
    "spoofed, claiming to be nginx": (LOCAL, "198.51.100.7", NGINX, "198.51.100.7"),
    "spoofed before a proxy that appends": (LOCAL, NGINX, f"10.9.9.9, {CLIENT}", CLIENT),
    "spoofed with a proxy's address": (LOCAL, NGINX, f"127.0.0.1, {CLIENT}", CLIENT),
    "through two proxies": ("127.0.0.1,10.0.0.2", NGINX, f"{CLIENT}, 10.0.0.2", CLIENT),
    "through two proxies, spoofed": ("127.0.0.1,10.0.0.2", NGINX, f"1.2.3.4, {CLIENT}, 10.0.0.2", CLIENT),
    "through one that nobody named": (LOCAL, NGINX, f"{CLIENT}, 10.0.0.2", "10.0.0.2"),
    "a proxy itself": ("127.0.0.1,10.0.0.2", NGINX, "10.0.0.2", "10.0.0.2"),
    "only proxies": ("127.0.0.1,10.0.0.0/8", NGINX, "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    "no spaces": ("127.0.0.1,10.0.0.2", NGINX, f"{CLIENT},10.0.0.2", CLIENT),
    "a proxy in a network": ("10.0.0.0/8", "10.200.3.4", CLIENT, CLIENT),
    "beside the network": ("10.0.0.0/8", "11.0.0.1", CLIENT, "11.0.0.1"),
    "not a network": ("10.0.0.1/8", "10.0.0.1", CLIENT, "10.0.0.1"),
    "a network of IPv6": ("2001:db8::/32", "2001:db8::5", "2001:db9::1", "2001:db9::1"),
    "a chain in networks": (f"{LOCAL}, 10.0.0.0/8", NGINX, f"{CLIENT}, 10.1.1.1, 10.2.2.2", CLIENT),
    "a client's IPv6": (LOCAL, NGINX, "2001:db8::9", "2001:db8::9"),
    "IPv6 and a port": (LOCAL, NGINX, "[2001:db8::9]:443", "2001:db8::9"),
    "IPv6 in brackets": (LOCAL, NGINX, "[2001:db8::9]", "2001:db8::9"),
    "IPv4 and a port": (LOCAL, NGINX, f"{CLIENT}:5123", CLIENT),
    "a proxy with its port": ("127.0.0.1,10.0.0.2", NGINX, f"{CLIENT}, 10.0.0.2:80", CLIENT),
    "garbage before the client": (LOCAL, NGINX, f"<script>, {CLIENT}", CLIENT),
    "garbage that a proxy says": (LOCAL, NGINX, "unknown", "unknown"),
    "nothing after the comma": (LOCAL, NGINX, f"{CLIENT},", NGINX),
    "garbage that nobody believes": (LOCAL, "198.51.100.7", "unknown", "198.51.100.7"),
    "everybody believed": ("*", "198.51.100.7", CLIENT, CLIENT),
    "everybody believed: the first": ("*", NGINX, f"{CLIENT}, 10.0.0.2", CLIENT),
    "everybody believed, no header": ("*", "198.51.100.7", None, "198.51.100.7"),
    "a star among others is none": ("*,127.0.0.1", "198.51.100.7", CLIENT, "198.51.100.7"),
    "nobody believed": ("", NGINX, CLIENT, NGINX),
    "a Unix socket": (LOCAL, "", CLIENT, ""),
    "a Unix socket, nobody believed": ("", "", CLIENT, ""),
    "a Unix socket, everybody believed": ("*", "", CLIENT, CLIENT),
    "a server that says no peer": (LOCAL, None, CLIENT, None),
}


@pytest.mark.parametrize(("proxies", "peer", "header", "address"), TOLD.values(), ids=TOLD.keys())
def test_whose_address_it_is(proxies, peer, header, address):
    values = [] if header is None else [header]
    told = under_wsgi(proxies, peer, *values)
    assert (told[0] if told else None) == address
    # uvicorn has None for the peer on a Unix socket, where Gunicorn has an empty text.
    assert (told if told and told[0] else None) == under_uvicorn(proxies, peer or None, *values)


ADDRESSES = st.sampled_from(
    ["127.0.0.1", "127.0.0.2", "::1", "10.0.0.2", "10.9.9.9", CLIENT, "2001:db8::9", "2001:DB8:0::9", "fe80::1%eth0"]
)
NEARLY = st.sampled_from(["", "unknown", "_hidden", "*", "1.2.3", "300.1.1.1", "010.0.0.2", "::1::", "[::1", "a:b:c"])
LETTERS = st.text("0123456789abf.:[]% /*\xa0\x85é-_", max_size=20)
SAID = ADDRESSES | NEARLY | LETTERS | st.ip_addresses().map(str)
PORT = st.sampled_from(["", ":", ":x", ":1_0", ":²", "::1"]) | st.integers(-1, 70_000).map(":{}".format)
HOP = SAID | st.builds("{}{}".format, SAID, PORT) | st.builds("[{}]{}".format, SAID, PORT)
HEADER = st.builds(str.join, st.sampled_from([",", ", ", " ,\t", ",,"]), st.lists(HOP, max_size=5))
NETWORKS = st.sampled_from(["10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32", "0.0.0.0/0", "::/0", "x/y"])
LISTS = st.lists(ADDRESSES | NETWORKS | NEARLY, max_size=4).map(", ".join)
PROXIES = st.sampled_from(["*", "", LOCAL]) | LISTS


@example(LOCAL, NGINX, [f"1.2.3.4, {CLIENT}", "127.0.0.1"])
@example("*", None, [CLIENT])
@given(PROXIES, st.none() | ADDRESSES | SAID.filter(bool), st.lists(HEADER, max_size=3))
def test_the_rule_is_uvicorn_s(proxies, peer, values):
    expected = under_uvicorn(proxies, peer, *values)
    told = under_wsgi(proxies, "" if peer is None else peer, *values)
    assert (told if told and told[0] else None) == expected


@pytest.mark.parametrize("said", [None, "", "*", "10.0.0.0/8, ::1"])
def test_the_same_proxies_are_believed_as_by_uvicorn(monkeypatch, said):
    if said is None:
        monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    else:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", said)
    assert env.forwarded_allow_ips() == Config("config.asgi:application").forwarded_allow_ips


def compose_service(file: str, name: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / "deploy" / file).read_text())["services"][name]


def test_compose_has_rest_believe_nginx_and_gunicorn_nobody():
    """Gunicorn would believe SCRIPT_NAME and PATH_INFO from whoever is in the variable: it is told otherwise."""
    web, rest = compose_service("compose.yaml", "web"), compose_service("compose.hybrid.yaml", "rest")
    assert rest["extends"] == {"file": "compose.yaml", "service": "web"}
    assert web["environment"]["FORWARDED_ALLOW_IPS"] == "*"
    assert "FORWARDED_ALLOW_IPS" not in rest["environment"]
    assert "--forwarded-allow-ips=" in rest["command"].split()


GUNICORN = "gunicorn --workers 1 --threads 2 --bind 127.0.0.1:{port} --forwarded-allow-ips= config.wsgi:application"
SERVERS = {"Gunicorn": GUNICORN, "uvicorn": "config.serve"}


@pytest.fixture(scope="module")
def database(postgres_database) -> str:
    return postgres_database()


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
@pytest.mark.parametrize(
    ("proxies", "address"), [({}, CLIENT), ({"FORWARDED_ALLOW_IPS": "10.0.0.0/8"}, NGINX)], ids=["believed", "spoofed"]
)
async def test_a_device_has_the_address_of_its_client(tmp_path: Path, database, command, proxies, address):
    with Server(tmp_path / "server.log", command, DATABASE_URL=database, **proxies) as server:
        async with Site([server.url]).open() as site:
            # As from a proxy that appends to what a client wrote there itself.
            site.http().headers["X-Forwarded-For"] = f"1.2.3.4, {CLIENT}"
            user = (await site.newcomer()).id
    assert query(database, f"SELECT host(address) FROM accounts_device WHERE user_id = '{user}'") == address

"""What the shipped nginx configurations answer by themselves, pass on, and write into their logs."""

import asyncio
import contextlib
import json
import secrets
import ssl

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.client import DEADLINE, PASSWORD, Site, until
from tests.servers import Server, free_port, migrate
from tests.system.chromium import Chromium
from tests.system.nginx import Nginx, gunicorn_command

ORIGIN = "https://app.example.com"
CONFIGURATIONS = ("all-asgi", "hybrid")


@pytest.fixture(params=CONFIGURATIONS)
def configuration(request):
    return request.param


@pytest.fixture
def proxy(tmp_path, configuration):
    """A function that starts nginx before upstreams; by default before ports at which nothing listens."""
    with contextlib.ExitStack() as stack:

        def start(ports=None, **options):
            upstreams = ports or {"web": free_port(), "rest": free_port()}
            return stack.enter_context(Nginx(tmp_path, f"{configuration}.conf", upstreams, **options))

        yield start


async def exchange(port: int, request: bytes, *, tls: ssl.SSLContext | None = None) -> httpx.Response:
    """Send these bytes and return what comes back until the connection ends."""
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        with contextlib.suppress(ConnectionError):  # nginx may hang up before it has read all
            writer.write(request)
            await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    status, *lines = head.decode().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)


def raw(line: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [line, "Host: 127.0.0.1", f"Origin: {ORIGIN}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def assert_problem(answer: httpx.Response, status: int, code: str, *, head: bool = False) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)
    if head:
        assert not answer.content
        return
    problem = json.loads(answer.content)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:roomwire:error:{code}"
    assert set(problem) >= {"title", "detail"}
    assert problem.get("retry_after") == (1 if status == 503 else None)


OWN_ANSWERS = {
    "nothing listens": (raw("GET /api/v1/rooms/ HTTP/1.1"), 503, "unavailable"),
    "a body": (raw("POST /api/v1/auth/login/ HTTP/1.1", "Content-Length: 2", body=b"{}"), 503, "unavailable"),
    "HTTP/1.0": (raw("GET /healthz HTTP/1.0"), 503, "unavailable"),
    "OPTIONS, no preflight": (raw("OPTIONS /api/v1/rooms/ HTTP/1.1"), 503, "unavailable"),
    "a socket": (raw("GET /ws/?token=x HTTP/1.1"), 503, "unavailable"),
    "a large body": (raw("POST /api/v1/rooms/ HTTP/1.1", "Content-Length: 65537", body=b"x" * 65537), 413, "too_large"),
    "a very large body": (raw("POST /x HTTP/1.1", "Content-Length: 999999999", body=b"x" * 9999), 413, "too_large"),
    "large chunks": (
        raw("POST /x HTTP/1.1", "Transfer-Encoding: chunked", body=b"10001\r\n" + b"x" * 65537 + b"\r\n0\r\n\r\n"),
        413,
        "too_large",
    ),
    "bad chunks": (raw("POST /x HTTP/1.1", "Transfer-Encoding: chunked", body=b"xyz\r\n"), 400, "malformed"),
    "a large header": (raw("GET /x HTTP/1.1", f"Cookie: {'x' * 9000}"), 431, "too_large"),
    "no length": (raw("POST /x HTTP/1.1", "Content-Length: many"), 400, "malformed"),
    "an unknown encoding": (raw("POST /x HTTP/1.1", "Transfer-Encoding: gzip"), 501, "malformed"),
    "no such file": (raw("GET /static/nothing.css HTTP/1.1"), 404, "not_found"),
    "a folder": (raw("GET /static/ HTTP/1.1"), 404, "not_found"),
    "a file can't be posted": (raw("POST /static/x.css HTTP/1.1", "Content-Length: 0"), 405, "method_not_allowed"),
}


async def test_nginx_s_own_answers_are_problem_documents_that_every_page_may_read(proxy, tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "x.css").touch()
    nginx = proxy()
    wrong = {}
    for name, (request, status, code) in OWN_ANSWERS.items():
        answer = await exchange(nginx.port, request)
        try:
            assert_problem(answer, status, code)
        except (AssertionError, KeyError, ValueError) as error:
            wrong[name] = f"{error!r}: {answer.status_code} {answer.headers} {answer.text}"
    assert not wrong, "\n".join(f"{name}: {text}" for name, text in wrong.items())


async def test_head_is_answered_without_a_body(proxy):
    nginx = proxy()
    for path, status, code in (("/api/v1/rooms/", 503, "unavailable"), ("/static/x", 404, "not_found")):
        answer = await exchange(nginx.port, raw(f"HEAD {path} HTTP/1.1"))
        assert_problem(answer, status, code, head=True)


async def test_plain_http_on_the_tls_port(proxy, certificate):
    nginx = proxy(tls=certificate)
    assert_problem(await exchange(nginx.tls_port, raw("GET / HTTP/1.1")), 400, "malformed")
    tls = ssl.create_default_context(cafile=str(certificate[0]))
    tls.check_hostname = False
    assert_problem(await exchange(nginx.tls_port, raw("GET / HTTP/1.1"), tls=tls), 503, "unavailable")


async def test_a_preflight_is_granted_while_the_server_is_away(proxy):
    nginx = proxy()
    wanted = ("Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: authorization,content-type")
    for path in ("/api/v1/rooms/", "/api/v1/users/me/"):
        answer = await exchange(nginx.port, raw(f"OPTIONS {path} HTTP/1.1", *wanted))
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "PATCH"
        assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
        assert answer.headers["access-control-max-age"] == "0"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-"], ids=["hangs up", "half a head"])
async def test_an_upstream_that_does_not_answer(proxy, answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        nginx = proxy({"web": port, "rest": port})
        for path in ("/api/v1/rooms/", "/ws/"):
            assert_problem(await exchange(nginx.port, raw(f"GET {path} HTTP/1.1")), 503, "unavailable")


async def test_no_log_has_a_query_string(proxy, tmp_path):
    (tmp_path / "static").mkdir()
    secret = secrets.token_hex(16)
    nginx = proxy()
    paths = ("/", "/ws", "/ws/", "/api/v1/rooms/", "/static/nothing", "/static/", "/admin/")
    for path in paths:
        for line in (f"GET {path}?token={secret} HTTP/1.1", f"GET http://127.0.0.1{path}?token={secret} HTTP/1.1"):
            await exchange(nginx.port, raw(line, f"Referer: http://127.0.0.1{path}?token={secret}"))
    large = raw(f"POST /x?token={secret} HTTP/1.1", "Content-Length: 70000", body=b"x" * 70000)
    assert (await exchange(nginx.port, large)).status_code == 413
    for request, _, _ in OWN_ANSWERS.values():
        await exchange(nginx.port, request.replace(b" HTTP/1.", f"?token={secret} HTTP/1.".encode(), 1))
    assert nginx.logs.count("\n") > len(paths)
    assert secret not in nginx.logs


# Before real servers


@pytest.fixture(scope="module")
def ports(folder):
    """uvicorn and Gunicorn on one database."""
    url = f"sqlite:///{folder / 'nginx.sqlite3'}"
    migrate(url)
    variables = {"DATABASE_URL": url, "CORS_ALLOWED_ORIGINS": ORIGIN}
    with (
        Server(folder / "nginx-web.log", **variables) as web,
        Server(folder / "nginx-rest.log", gunicorn_command(), **variables) as rest,
    ):
        yield {"web": web.port, "rest": rest.port}


@pytest.fixture
async def site(proxy, ports):
    nginx = proxy(ports)
    async with Site([nginx.url]).open() as opened:
        yield opened


def register(size: int | None = None) -> bytes:
    body = json.dumps({"username": f"user-{secrets.token_hex(6)}", "password": PASSWORD}).encode()
    return body if size is None else body + b" " * (size - len(body))


async def in_chunks(body: bytes):
    for start in range(0, len(body), 5_000):
        yield body[start : start + 5_000]


@pytest.mark.parametrize("size", [None, 65_536])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_passes_up_to_the_api_s_limit_however_it_is_framed(site, size, chunked):
    body = register(size)
    content = in_chunks(body) if chunked else body
    answer = await site.http().post("auth/register/", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_one_answer(site, chunked):
    body = register(65_537)
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    content = in_chunks(body) if chunked else body
    answer = await site.http().post("auth/register/", content=content, headers=headers)
    assert_problem(answer, 413, "too_large")


async def test_an_address_may_be_nearly_8_kib_long(site):
    answer = await site.http().get("sync/", params={"since": "x" * 7_900})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


async def test_the_server_s_own_answers_keep_the_server_s_headers(site):
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
        answer = await site.http().get("users/me/", headers={"Origin": origin})
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers.get("access-control-allow-origin") == allowed


async def test_a_reload_ends_the_old_worker_process_and_its_sockets_in_time(proxy, ports):
    nginx = proxy(ports, replace={"worker_shutdown_timeout 10m;": "worker_shutdown_timeout 1s;"})
    async with Site([nginx.url]).open() as site:
        person = await site.person("reload")
        old = nginx.workers
        async with person.socket() as socket:
            nginx.reload()
            assert await socket.closed() == 1006
        await until(lambda: nginx.workers and not old & nginx.workers)
        async with person.socket() as socket:
            await socket.connection.send('{"type":"ping"}')
            assert (await socket.frame())["type"] == "pong"


# In a browser


PAGE = "<!doctype html><title>a page of another origin</title>"
ASK = """(async () => {
  const answer = await fetch(%s, {
    method: "POST", headers: {"Authorization": "Bearer x", "Content-Type": "application/json"}, body: "x".repeat(%d)
  });
  return [answer.status, (await answer.json()).code, answer.headers.get("Retry-After")];
})()"""


@contextlib.asynccontextmanager
async def page_of_another_origin():
    """Serve the page. Browsers also open connections on which they never send a request: these are ended here."""
    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            head = ("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(PAGE)}", "Connection: close")
            writer.write("\r\n".join([*head, "", PAGE]).encode())
            writer.close()
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def test_a_page_of_another_origin_reads_them(proxy, tmp_path):
    nginx = proxy()
    async with page_of_another_origin() as origin, Chromium(tmp_path) as browser:
        await browser.open(origin)
        url = json.dumps(f"{nginx.url}/api/v1/rooms/")
        assert await browser.evaluate(ASK % (url, 2)) == [503, "unavailable", "1"]
        assert await browser.evaluate(ASK % (url, 70_000)) == [413, "too_large", None]


async def test_a_socket_passes(site):
    person = await site.person("socket")
    async with connect(f"{site.ws()}/ws/", additional_headers={"Authorization": f"Bearer {person.token}"}) as socket:
        assert json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))["type"] == "welcome"

"""Everything works over a Unix socket, with a user of few rights, and after a switch of roles; readiness says what does
not work."""

import asyncio
import secrets
from contextlib import ExitStack, asynccontextmanager

import pytest
import redis

from chat.presence import presence, stores
from core.rate_limits import limiter
from core.rate_limits.limiter import Ask, Limit
from devtools.valkey import Valkey
from tests.client import DEADLINE, Person, Site
from tests.proxy import Proxy
from tests.servers import Server

# docs/operations.md
ACL = (
    "~roomwire:* &roomwire* +publish +subscribe +unsubscribe +ping +evalsha +script|load +time +hmget +hset +pexpire"
    " +del +exists +hincrby +hget +hdel +hlen +incr +zadd +set +sadd +srem +zscore +zrangebyscore +spop +zrem +get"
    " +hgetall"
)


@asynccontextmanager
async def two_workers(folder, database: str, redis_url: str, **variables: str):
    shared = {"DATABASE_URL": database, "REDIS_URL": redis_url, "ROOMWIRE_RATE_LIMITS": "on", **variables}
    name = secrets.token_hex(3)
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(folder / f"access-{name}-{n}.log", **shared)) for n in range(2)]
        async with Site([server.url for server in servers]).open() as site:
            yield site


async def ready(site: Site, worker: int) -> dict:
    return (await site.http(worker).get("../../readyz")).json()


async def require_all_functions(site: Site) -> None:
    """Counted sign-ins, and messages, presence, ephemeral events and revocation from one worker to the other."""
    for worker in range(2):
        assert await ready(site, worker) == dict.fromkeys(("status", "database", "layer", "limits", "presence"), "ok")
    alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
    room = await alice.room(bob)
    async with bob.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room, presence=True)
        sent = await alice.send(room, "hello", worker=0)
        assert (await socket.event(room))["seq"] == sent["seq"]
        await alice.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=0)
        await socket.wait_for(lambda frame: frame["type"] == "typing.started")
        seen = await _until_present(alice, room)
        assert seen["users"][0]["user"]["id"] == bob.id
        assert (await bob.request("POST", "auth/logout/", worker=0)).status_code == 204
        assert await socket.closed() == 4401


async def _until_present(person: Person, room: str) -> dict:
    async with asyncio.timeout(DEADLINE):
        while True:
            seen = await person.call("GET", f"rooms/{room}/presence/")
            if seen["complete"] and seen["count"]:
                return seen
            await asyncio.sleep(0.05)


async def test_redis_over_a_unix_socket(folder, postgres_database):
    path = f"/tmp/roomwire-{secrets.token_hex(6)}.sock"
    with Valkey("--unixsocket", path, "--unixsocketperm", "777"):
        async with two_workers(folder, postgres_database(), f"unix://{path}?db=0") as site:
            await require_all_functions(site)


async def test_redis_with_a_user_of_few_rights(folder, postgres_database):
    with Valkey("--user", "roomwire", "on", ">secret", *ACL.split()) as valkey:
        url = valkey.url.replace("//", "//roomwire:secret@")
        async with two_workers(folder, postgres_database(), url) as site:
            await require_all_functions(site)


async def test_a_changed_password_needs_no_restart(folder, postgres_database):
    """Of the same URL: refused for a while, and taken again."""
    with Valkey("--user", "roomwire", "on", ">secret", *ACL.split()) as valkey:
        url = valkey.url.replace("//", "//roomwire:secret@")
        async with two_workers(folder, postgres_database(), url) as site:
            with redis.Redis.from_url(valkey.url) as operator:
                operator.execute_command("ACL", "SETUSER", "roomwire", "resetpass", ">another")
                operator.client_kill_filter(_type="normal", skipme=True)
                operator.client_kill_filter(_type="pubsub")
                await _until_status(site, "degraded")
                operator.execute_command("ACL", "SETUSER", "roomwire", "resetpass", ">secret")
                await _until_status(site, "ok")
            await require_all_functions(site)


async def _until_status(site: Site, status: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if {(await ready(site, worker))["status"] for worker in range(2)} == {status}:
                return
            await asyncio.sleep(0.2)


@pytest.fixture
def counted(settings):
    """A function that has this process count in the Redis at a port."""

    def count(port: int) -> None:
        settings.RATE_LIMITS = True
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"

    return count


def signs_in() -> bool:
    try:
        limiter.take(Ask(Limit("login.account", closed=True), secrets.token_hex(4)))
    except Exception:
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["full memory", "replica", "no right to the keys"])
def test_readiness_says_when_nobody_can_sign_in(counted, client, fault):
    with Valkey() as valkey, redis.Redis.from_url(valkey.url) as operator:
        counted(valkey.port)
        assert client.get("/readyz").json()["limits"] == "ok"
        if fault == "full memory":
            operator.config_set("maxmemory", "1")
        elif fault == "replica":
            operator.replicaof("127.0.0.1", "1")
        else:
            operator.execute_command("ACL", "SETUSER", "default", "resetkeys", "~other:*")
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"], answer.json()["limits"]) == (200, "degraded", "down")
        assert not signs_in()


def test_behind_an_address_that_stays_a_demoted_server_is_left(counted):
    """Its connections stay open, and answer READONLY."""
    with Valkey() as first, Valkey() as second, Proxy(first.port) as address:
        counted(address.port)
        assert signs_in()
        assert presence.probe()
        with redis.Redis.from_url(first.url) as operator:
            operator.replicaof("127.0.0.1", str(second.port))
            address.target = second.port
            assert signs_in(), "the first attempt after the switch is made again, over a new connection"
        stores.get().begin("worker")
        with redis.Redis.from_url(second.url) as operator:
            assert operator.keys("*limit*")
            assert operator.keys("*workers")

"""Who gets a socket, and what the others are told."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.client import DEADLINE, Refused, Socket

GARBAGE = ["", "x", "rwa_", "rwa_" + "x" * 43, "rwt_" + "x" * 43, "rwr_" + "x" * 70, "%00", "é", "a=b=c"]


def dial(site, query="", *, path="/ws/", **options):
    return connect(f"{site.ws()}{path}{query}", open_timeout=DEADLINE, **options)


async def close_code(site, query="", **options) -> int:
    async with dial(site, query, **options) as connection:
        return await Socket(connection).closed()


async def test_an_access_token_in_the_query(site):
    alice = await site.person("alice")
    async with dial(site, f"?token={alice.token}") as connection:
        welcome = await Socket(connection).frame()
    assert welcome["type"] == "welcome"
    assert welcome["user"] == {"id": alice.id, "username": alice.username}
    assert welcome["limits"]["frame_bytes"] == 65_536
    assert set(welcome) == {"type", "connection", "user", "heartbeat", "limits", "server_time"}


async def test_a_ticket_opens_one_socket(site):
    alice = await site.person("alice")
    ticket = (await alice.call("POST", "auth/tickets/"))["ticket"]
    async with dial(site, f"?token={ticket}") as connection:
        assert (await Socket(connection).frame())["type"] == "welcome"
        assert await close_code(site, f"?token={ticket}") == 4401
    response = await alice.request("GET", "users/me/", headers={"Authorization": f"Bearer {ticket}"})
    assert response.status_code == 401


async def test_an_authorization_header(site):
    alice = await site.person("alice")
    headers = {"Authorization": f"Bearer {alice.token}"}
    async with dial(site, additional_headers=headers) as connection:
        assert (await Socket(connection).frame())["type"] == "welcome"


@pytest.mark.parametrize("token", GARBAGE)
async def test_a_garbage_token_is_accepted_and_closed(site, token):
    assert await close_code(site, f"?token={token}") == 4401


async def test_a_garbage_header_is_accepted_and_closed(site):
    assert await close_code(site, additional_headers={"Authorization": "Bearer nonsense"}) == 4401


async def test_a_token_after_logout_opens_nothing(site):
    alice = await site.newcomer()
    await alice.call("POST", "auth/logout/")
    assert await close_code(site, f"?token={alice.token}") == 4401


async def test_the_first_frame_may_authenticate(site):
    alice = await site.person("alice")
    async with dial(site) as connection:
        socket = Socket(connection)
        await connection.send(json.dumps({"type": "ping"}))
        assert (await socket.frame())["error"]["code"] == "unauthenticated"
        await connection.send(json.dumps({"type": "authenticate", "id": "a", "token": alice.token}))
        assert (await socket.frame())["type"] == "welcome"
        reply = await socket.frame()
        assert (reply["id"], reply["ok"]) == ("a", True)


async def test_a_bad_first_frame_is_closed(site):
    async with dial(site) as connection:
        await connection.send(json.dumps({"type": "authenticate", "token": "nonsense"}))
        assert await Socket(connection).closed() == 4401


async def test_who_proves_nothing_is_closed_in_time(cluster):
    async with dial(cluster) as connection:
        assert await Socket(connection).closed() == 4408


async def test_a_live_connection_takes_a_newer_token_of_the_same_user(site):
    alice, bob = await site.newcomer("alice"), await site.person("bob")
    async with alice.socket() as socket:
        tokens = await alice.call("POST", "auth/refresh/", {"refresh_token": alice.login["refresh_token"]})
        answer = await socket.command("authenticate", token=tokens["access_token"])
        assert answer["expires_at"] == tokens["expires_at"]
        with pytest.raises(Refused, match="forbidden"):
            await socket.command("authenticate", token=bob.token)
        with pytest.raises(Refused, match="unauthenticated"):
            await socket.command("authenticate", token="nonsense")
        assert (await socket.command("room.unsubscribe", room=bob.id))["room"] == bob.id


ORIGINS = {
    "https://app.example.com": True,
    "https://app.example.com:443": True,
    "https://APP.example.com": True,
    "https://app.example.com.evil.com": False,
    "http://app.example.com": False,
    "https://app.example.com:444": False,
    "https://evil.com/https://app.example.com": False,
    "null": False,
}


@pytest.mark.parametrize(("origin", "allowed"), ORIGINS.items())
async def test_the_origin_of_a_page(site, origin, allowed):
    alice = await site.person("alice")
    async with dial(site, f"?token={alice.token}", additional_headers={"Origin": origin}) as connection:
        socket = Socket(connection)
        if allowed:
            assert (await socket.frame())["type"] == "welcome"
        else:
            assert await socket.closed() == 4403


@pytest.mark.parametrize("origin", ["http://[", "https://evil.com:notaport"])
async def test_no_page_s_origin(site, origin):
    """Daphne refuses such a request itself."""
    alice = await site.person("alice")
    try:
        async with dial(site, f"?token={alice.token}", additional_headers={"Origin": origin}) as connection:
            code = await Socket(connection).closed()
    except InvalidStatus as refused:
        code = refused.response.status_code
    assert code in (4403, 400)


async def test_a_page_of_the_server_itself_may_connect(site):
    alice = await site.person("alice")
    async with dial(site, f"?token={alice.token}", additional_headers={"Origin": site.urls[0]}) as connection:
        assert (await Socket(connection).frame())["type"] == "welcome"


async def test_the_subprotocol_is_answered(site):
    alice = await site.person("alice")
    async with dial(site, f"?token={alice.token}", subprotocols=["roomwire.v1"]) as connection:
        assert connection.subprotocol == "roomwire.v1"


async def test_no_such_address(site):
    alice = await site.person("alice")
    assert await close_code(site, f"?token={alice.token}", path="/nowhere/") == 4404


async def test_a_room_in_the_address(site):
    alice, stranger = await site.person("alice"), await site.person("stranger")
    room = await alice.room()
    for number in range(3):
        await alice.send(room, f"m{number}")
    async with alice.socket(path=f"/ws/rooms/{room}/", query="&since=1") as socket:
        reply = await socket.frame()
        assert (reply["id"], reply["data"]["from"], reply["data"]["recovered"]) == ("url", 1, True)
        assert [event["seq"] for event in await socket.events(2)] == [2, 3]
        await alice.send(room, "live")
        assert (await socket.event())["seq"] == 4
    for target in (room, "nonsense", "01890000-0000-7000-8000-000000000000"):
        async with stranger.socket(path=f"/ws/rooms/{target}/") as socket:
            assert await socket.closed() == 4404


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "", "9" * 5_000])
async def test_a_bad_position_in_the_address(site, since):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket(path=f"/ws/rooms/{room}/", query=f"&since={since}") as socket:
        reply = await socket.frame()
        assert (reply["id"], reply["error"]["code"]) == ("url", "invalid")
        assert "since" in reply["error"]["message"]


async def test_no_token_reaches_the_log(site, folder):
    """At DEBUG, with uvicorn's and websockets' own loggers: every secret that was handed out, searched for."""
    alice = await site.newcomer("alice")
    ticket = (await alice.call("POST", "auth/tickets/"))["ticket"]
    async with dial(site, f"?token={ticket}") as connection:
        socket = Socket(connection)
        await socket.frame()
        await socket.command("authenticate", token=alice.token)
    await close_code(site, f"?token={alice.login['refresh_token']}")
    logs = "".join(log.read_text() for log in folder.glob("*.log"))
    assert "[redacted]" in logs
    for secret in (alice.token, ticket, alice.login["refresh_token"]):
        assert secret[8:] not in logs

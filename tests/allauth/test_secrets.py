"""A copy of the database signs nobody in: nothing that was handed out or typed is in it, sealed things apart."""

import base64
import re
import zlib

import psycopg

from tests.allauth.codes import code_now
from tests.client import PASSWORD


def everything(database: str) -> str:
    """All rows of all tables as text; and what stands in sessions, which is only packed."""
    with psycopg.connect(database) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        rows = [text for name in names for (text,) in connection.execute(f'SELECT t::text FROM "{name}" t')]
        sessions = connection.execute("SELECT session_data FROM accounts_session").fetchall()
    return "\n".join(rows + [unpacked(data) for (data,) in sessions])


def unpacked(data: str) -> str:
    """As Django packs a session, whoever has no key can read it. Nothing, for what is sealed."""
    packed = data.split(":")[0]
    try:
        content = base64.urlsafe_b64decode(packed.lstrip(".") + "===")
        return (zlib.decompress(content) if packed.startswith(".") else content).decode()
    except (ValueError, zlib.error):
        return ""


async def test_nothing_that_was_handed_out_is_in_the_database(cluster_doors, extra_cluster, folder):
    doors = cluster_doors
    person, secret, codes = await doors.guarded()
    session = await doors.pending(person.username)
    signed_in = await doors.sign_in(person.username, await code_now(secret))
    newcomer = await doors.site.newcomer()
    offered = (await doors.request("GET", "account/authenticators/totp", token=newcomer.token)).json()["meta"]["secret"]
    text = everything(extra_cluster["DATABASE_URL"])
    assert person.username in text
    assert "account_login" in text, "what is in sessions was not read"
    handed_out = {
        "password": PASSWORD,
        "app's secret": secret,
        "secret on offer": offered,
        "pending session": session,
        "access token": signed_in.token,
        "refresh token": signed_in.login["refresh_token"],
        "first access token": person.token,
    } | {f"recovery code {n}": code for n, code in enumerate(codes)}
    assert found_in(text, handed_out) == []
    logs = "".join(log.read_text() for log in folder.glob("extra*.log"))
    assert "DEBUG" in logs
    assert found_in(logs, handed_out) == []


def found_in(text, secrets):
    return [what for what, each in secrets.items() if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)]


async def test_what_is_stored_of_a_session_is_no_key_to_it(cluster_doors, extra_cluster):
    person, _, _ = await cluster_doors.guarded()
    await cluster_doors.pending(person.username)
    with psycopg.connect(extra_cluster["DATABASE_URL"]) as connection:
        keys = [key for (key,) in connection.execute("SELECT session_key FROM accounts_session LIMIT 50")]
    assert keys
    for key in keys:
        answer = await cluster_doors.request("GET", "auth/session", session=key)
        assert answer.status_code == 410
        with_cookie = await cluster_doors.site.http().get(
            cluster_doors.site.urls[0] + "/_allauth/app/v1/account/authenticators",
            headers={"Cookie": f"sessionid={key}"},
        )
        assert with_cookie.status_code == 401

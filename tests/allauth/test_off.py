"""Without ROOMWIRE_ALLAUTH=on nothing of allauth is there or needed; with it, what is the core's is nowhere else."""

import re
import subprocess
import sys

import pytest

from tests.contracts.test_architecture import PROJECT
from tests.servers import environment, manage, migrate

EXTRA = {"allauth", "fido2", "qrcode", "jwt", "oauthlib", "requests"}
_IMPORT_ALL = f"""
import pathlib, sys
sys.modules.update(dict.fromkeys({sorted(EXTRA)}))
from config.asgi import application
import config.urls, config.wsgi
for folder in ("accounts", "api", "chat", "core", "realtime"):
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        if "factors" not in path.parts and path.stem != "__init__":
            __import__(".".join(path.with_suffix("").parts))
print(len(sys.modules))
"""


def packages(lock):
    return set(re.findall(r"^([a-z0-9-]+)==", (PROJECT / "requirements" / lock).read_text(), re.MULTILINE))


def test_the_project_runs_without_its_packages(tmp_path):
    url = f"sqlite:///{tmp_path / 'database.sqlite3'}"
    migrate(url)
    environ = environment(ADMIN="on", DATABASE_URL=url)
    done = subprocess.run([sys.executable, "-c", _IMPORT_ALL], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_the_other_locks_have_none_of_them():
    names = {"django-allauth", "fido2", "qrcode", "pyjwt", "oauthlib", "requests"}
    assert names <= packages("accounts.txt")
    for lock in ("base.txt", "prod.txt", "cluster.txt"):
        assert not names & packages(lock)
    assert packages("base.txt") <= packages("accounts.txt")


def test_without_its_packages_it_says_what_is_missing():
    code = "import sys; sys.modules['allauth'] = None; import config.settings.prod"
    environ = environment(ROOMWIRE_ALLAUTH="on")
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environ, capture_output=True, text=True)
    assert "requirements/accounts.txt" in done.stderr


async def test_there_are_no_such_addresses(site):
    answer = await site.http().get(f"{site.urls[0]}/_allauth/app/v1/config")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_its_tables_are_its_own(extra_embedded):
    manage("makemigrations", "--check", "--dry-run", **extra_embedded)


CLOSED = [
    "auth/signup",
    "auth/webauthn/signup",
    "auth/password/request",
    "auth/password/reset",
    "auth/email/verify",
    "auth/phone/verify",
    "auth/code/request",
    "auth/code/confirm",
    "auth/provider/redirect",
    "account/email",
    "account/phone",
    "account/password/change",
]


@pytest.mark.parametrize("path", CLOSED)
async def test_what_the_core_does_has_no_second_door(cluster_doors, path):
    for method in ("GET", "POST"):
        answer = await cluster_doors.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/_allauth/browser/v1/config", "/_allauth/openapi.yaml", "/_allauth/"])
async def test_and_no_browser_s_door(cluster_doors, path):
    answer = await cluster_doors.site.http().get(cluster_doors.site.urls[0] + path)
    assert answer.status_code == 404


async def test_a_page_of_another_origin_may_ask(cluster_doors):
    headers = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-session-token, authorization, content-type",
    }
    url = cluster_doors.site.urls[0] + "/_allauth/app/v1/auth/login"
    answer = await cluster_doors.site.http().options(url, headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "x-session-token" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"username":"\\ud800","password":"x"}', b"\xff", b'{"a":' + b"1" * 70_000 + b"}"],
    ids=["cut off", "deep", "half a surrogate", "no text", "too much"],
)  # fmt: skip
async def test_what_is_no_json_is_refused_as_everywhere(cluster_doors, body):
    url = cluster_doors.site.urls[0] + "/_allauth/app/v1/auth/login"
    answer = await cluster_doors.site.http().post(url, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) in {(400, "malformed"), (413, "too_large")}


@pytest.mark.parametrize(
    "body", [[], "x", 1, None, {"username": 1, "password": []}, {"username": "a\0", "password": "b"}]
)
async def test_json_that_is_nothing_to_sign_in_with(cluster_doors, body):
    url = cluster_doors.site.urls[0] + "/_allauth/app/v1/auth/login"
    answer = await cluster_doors.site.http().post(url, json=body)
    assert answer.status_code == 400

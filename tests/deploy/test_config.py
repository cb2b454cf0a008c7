"""The deployment files agree with the code and with each other, as far as that can be seen without Docker and nginx."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from api import problems

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
NGINX = [DEPLOY / "nginx" / "all-asgi.conf", DEPLOY / "nginx" / "hybrid.conf"]
# Read by uvicorn and Gunicorn themselves, not by us.
THE_SERVERS_OWN = {"FORWARDED_ALLOW_IPS"}
UNITS = {"k": 1024, "s": 1, "m": 60}


def read_by_the_code() -> set[str]:
    source = (PROJECT / "config" / "env.py").read_text()
    return set(re.findall(r"\b(?:_?env(?:iron)?\.\w+|_number|_list)\(\s*\"(\w+)\"", source))


def in_the_example() -> list[str]:
    return re.findall(r"^#?([A-Z][A-Z_]*)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)


def compose_services(path: Path) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    return services


def asked_of_the_user(path: Path) -> set[str]:
    """What a Compose file takes from .env: `${NAME…}`, and a name in `environment` without a value."""
    names = set(re.findall(r"\$\{(\w+)", path.read_text()))
    for service in compose_services(path).values():
        names |= {name for name, value in service.get("environment", {}).items() if value is None}
    return names


def nginx_text(path: Path) -> str:
    """The configuration with its includes put in, and without its comments."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)
    return re.sub(r"include (\w+\.inc);", lambda match: nginx_text(path.parent / match[1]), text)


def nginx_number(text: str, directive: str) -> int:
    [(number, unit)] = re.findall(rf"\b{directive} (\d+)(\w+);", text)
    return int(number) * UNITS[unit]


def nginx_problems(text: str) -> dict[int, dict[str, Any]]:
    """The bodies of nginx's own answers, by status."""
    mapped = re.search(r"map \$status \$problem \{(.*?)\n\s*\}", text, re.DOTALL)
    assert mapped
    bodies = dict(re.findall(r"(\w+) '(.*)';", mapped[1])) | dict(re.findall(r"return (\d+) '(.*)';", text))
    return {500 if status == "default" else int(status): json.loads(body) for status, body in bodies.items()}


def location(text: str, name: str) -> str:
    found = re.search(rf"location {re.escape(name)} \{{(.*?)\n\s*\}}", text, re.DOTALL)
    assert found, f"no location {name}"
    return found[1]


def dockerfile() -> str:
    """With every instruction on one line, and without its comments."""
    text = re.sub(r"^#.*\n", "", (PROJECT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return text.replace("\\\n", " ")


# .env.example


def test_the_reading_of_env_py_finds_variables() -> None:
    assert {"SECRET_KEY", "DJANGO_SETTINGS_MODULE", "WEB_CONCURRENCY"} <= read_by_the_code()


def test_every_variable_of_the_code_is_in_the_example() -> None:
    assert read_by_the_code() - set(in_the_example()) == set()


def test_every_variable_in_the_example_is_read_by_somebody() -> None:
    readers = read_by_the_code() | THE_SERVERS_OWN
    for path in COMPOSE:
        readers |= asked_of_the_user(path)
    assert set(in_the_example()) - readers == set()


def test_the_example_names_each_variable_once() -> None:
    assert sorted(in_the_example()) == sorted(set(in_the_example()))


def test_the_example_holds_no_secret() -> None:
    """Copied and left as it is, it must not start with a secret that everybody knows."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    assert {"SECRET_KEY=", "POSTGRES_PASSWORD=", "ALLOWED_HOSTS="} <= set(lines)


# Compose


def test_there_are_both_compose_files() -> None:
    assert [path.name for path in COMPOSE] == ["compose.hybrid.yaml", "compose.yaml"]


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_asks_only_for_what_the_example_has(path: Path) -> None:
    assert asked_of_the_user(path) - set(in_the_example()) == set()


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "POSTGRES_PASSWORD"])
def test_compose_does_not_start_without(name: str) -> None:
    assert f"${{{name}:?" in (DEPLOY / "compose.yaml").read_text()


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_only_nginx_publishes_a_port(path: Path) -> None:
    assert {name for name, service in compose_services(path).items() if "ports" in service} <= {"nginx"}


def test_compose_gives_the_containers_only_variables_that_somebody_reads() -> None:
    for name in ("migrate", "web"):
        given = set(compose_services(DEPLOY / "compose.yaml")[name]["environment"])
        assert given - read_by_the_code() - THE_SERVERS_OWN == set()


def test_compose_waits_longer_for_the_server_than_the_server_does() -> None:
    patience = re.search(r"\"timeout_graceful_shutdown\": (\d+)", (PROJECT / "config" / "serve.py").read_text())
    drain = re.search(r'"DRAIN_SECONDS", (\d+)', (PROJECT / "config" / "env.py").read_text())
    assert patience
    assert drain
    web = compose_services(DEPLOY / "compose.yaml")["web"]
    assert int(web["stop_grace_period"].removesuffix("s")) > int(drain[1]) + int(patience[1])


def test_each_compose_file_starts_nginx_with_a_configuration_that_exists() -> None:
    for path in COMPOSE:
        configuration = next(word for word in compose_services(path)["nginx"]["command"] if word.endswith(".conf"))
        assert configuration.startswith("/etc/nginx/roomwire/")
        assert (DEPLOY / "nginx" / Path(configuration).name) in NGINX


# nginx


@pytest.fixture(params=NGINX, ids=lambda path: path.stem)
def nginx(request: pytest.FixtureRequest) -> str:
    return nginx_text(request.param)


def test_nginx_takes_requests_as_big_as_the_api_does(nginx: str) -> None:
    assert nginx_number(nginx, "client_max_body_size") == settings.REQUEST_MAX_BYTES
    assert nginx_number(nginx, "client_body_buffer_size") == settings.REQUEST_MAX_BYTES
    assert f"at most {settings.REQUEST_MAX_BYTES} bytes" in nginx_problems(nginx)[413]["detail"]


def test_nginx_outwaits_missed_heartbeats(nginx: str) -> None:
    assert nginx_number(location(nginx, "~ ^/ws(/|$)"), "proxy_read_timeout") > 2 * settings.REALTIME_HEARTBEAT_SECONDS


def test_nginx_logs_no_query_string(nginx: str) -> None:
    formats = "".join(re.findall(r"log_format .*?;", nginx, re.DOTALL))
    assert set(re.findall(r"\$(\w+)", formats)) <= {
        "remote_addr",
        "time_iso8601",
        "request_method",
        "uri",
        "status",
        "upstream_status",
        "body_bytes_sent",
        "request_time",
        "http_user_agent",
    }
    assert all(rest == " roomwire" for rest in re.findall(r"access_log \S+?( \w+)?;", nginx))
    outside, _, http = nginx.partition("http {")
    assert "error_log /var/log/nginx/error.log;" in outside
    assert re.findall(r"error_log \S+( \w+)?;", http) == [" crit"]


def test_the_answers_of_nginx_have_codes_of_the_api(nginx: str) -> None:
    found = nginx_problems(nginx)
    assert set(found) == {400, 404, 405, 413, 431, 500, 501, 503}
    for status, problem in found.items():
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        assert problem["type"] == f"urn:roomwire:error:{problem['code']}"
        # 431 and 501 are nginx's alone.
        assert problems.STATUS[problem["code"]] == {431: 413, 501: 400}.get(status, status)


def test_nginx_ends_worker_processes_after_a_reload(nginx: str) -> None:
    assert nginx_number(nginx, "worker_shutdown_timeout") == 600


@pytest.mark.parametrize("place", ["/", "~ ^/ws(/|$)"])
def test_nginx_says_itself_who_the_client_is(nginx: str, place: str) -> None:
    """Every header that the servers believe is set where it is proxied: nothing of a client's own gets through."""
    headers = dict(re.findall(r"proxy_set_header (\S+) (\S+);", location(nginx, place)))
    assert headers["X-Forwarded-Proto"] == "$client_scheme"
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["Host"] == "$http_host"
    assert "proxy_pass http://" in location(nginx, place)


def test_nginx_trusts_no_balancer_until_it_is_named(nginx: str) -> None:
    assert "set_real_ip_from" not in nginx
    assert re.search(r"geo \$realip_remote_addr \$from_balancer \{\s*default 0;\s*\}", nginx)
    assert re.search(r"map \S+ \$client_scheme \{\s*default \$scheme;\s*1:https https;\s*\}", nginx)


def test_the_hybrid_sends_sockets_to_uvicorn_and_the_rest_to_gunicorn() -> None:
    together, hybrid = (nginx_text(path) for path in NGINX)
    assert "proxy_pass http://sockets;" in location(together, "/")
    assert "proxy_pass http://rest;" in location(hybrid, "/")
    for text in (together, hybrid):
        assert "proxy_pass http://sockets;" in location(text, "~ ^/ws(/|$)")


def test_every_upstream_is_a_service_of_compose() -> None:
    services = set().union(*(compose_services(path) for path in COMPOSE))
    for path in NGINX:
        assert set(re.findall(r"\bserver (\w+):8000;", nginx_text(path))) <= services


# The image


def test_the_image_installs_the_lock_and_nothing_else() -> None:
    installs = re.findall(r"^RUN .*\bpip install\b.*$", dockerfile(), re.MULTILINE)
    assert len(installs) == 2
    for install, lock in zip(installs, ("requirements/prod.txt", "requirements/accounts.txt"), strict=True):
        assert {"--require-hashes", "--no-deps", lock} <= set(install.split())
        assert "--hash=sha256:" in (PROJECT / lock).read_text()


def test_the_image_runs_as_somebody_who_is_not_root() -> None:
    last_stage = dockerfile().split("\nFROM ")[-1]
    users = re.findall(r"^USER (\d+):(\d+)$", last_stage, re.MULTILINE)
    assert len(users) == 1
    assert all(int(number) > 0 for number in users[0])
    assert last_stage.index("\nUSER ") < last_stage.index("\nCMD ")


def test_the_image_is_production_and_keeps_no_secret() -> None:
    assert "DJANGO_SETTINGS_MODULE=config.settings.prod" in dockerfile().split("\nFROM ")[-1]
    assert not re.search(r"^(ENV|ARG) .*(SECRET|PASSWORD)", dockerfile(), re.MULTILINE)


def test_what_the_image_may_copy_is_all_of_our_code_and_nothing_private() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    contract = (PROJECT / ".importlinter").read_text()
    packages = re.search(r"root_packages =\n((?:    \w+\n)+)", contract)
    assert packages
    assert rules[0] == "*"
    kept = {rule for rule in rules if rule.startswith("!")}
    locks = {"!requirements/prod.txt", "!requirements/accounts.txt"}
    assert kept == {f"!{name}/" for name in packages[1].split()} | locks | {"!manage.py"}

"""How many processes serve, as far as the environment and the command line tell."""

import sys

import pytest

from config import env


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch):
    monkeypatch.delenv("WORKERS", raising=False)
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.setattr(sys, "argv", ["serve"])


@pytest.mark.parametrize(
    ("argv", "workers"),
    [
        ([], 1),
        (["serve"], 1),
        (["uvicorn", "--workers", "4", "config.asgi:application"], 4),
        (["uvicorn", "--workers=4"], 4),
        (["gunicorn", "-w", "4"], 4),
        (["gunicorn", "-w4"], 4),
        (["uvicorn", "--workers"], 1),
        (["uvicorn", "--workers="], 1),
        (["uvicorn", "--workers", "many"], 1),
        (["uvicorn", "--workers", "²"], 1),
        (["uvicorn", "--workers-of-the-world", "4"], 1),
    ],
)
def test_a_servers_own_flag_is_read(monkeypatch, argv, workers):
    monkeypatch.setattr(sys, "argv", argv)
    assert env.workers() == workers


def test_workers_comes_before_web_concurrency_before_the_flag(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["uvicorn", "--workers", "2"])
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    assert env.workers() == 3
    monkeypatch.setenv("WORKERS", "4")
    assert env.workers() == 4


@pytest.mark.parametrize("said", ["", "0"])
def test_an_empty_variable_says_nothing(monkeypatch, said):
    """As in an .env file whose value is left out."""
    monkeypatch.setenv("WORKERS", said)
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    assert env.workers() == 3


def test_there_is_never_less_than_one(monkeypatch):
    monkeypatch.setenv("WORKERS", "-3")
    assert env.workers() == 1


def test_settings_and_addresses_have_their_defaults(monkeypatch):
    for name in ("HOST", "PORT", "REDIS_URL", "ALLOWED_HOSTS", "HTTPS", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    assert (env.host(), env.port(), env.redis_url(), env.allowed_hosts()) == ("127.0.0.1", 8000, "", [])
    assert (env.https(), env.log_level(), env.cors_allowed_origins(["https://a"])) == (True, "INFO", ["https://a"])


def test_lists_are_comma_separated(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example,b.example")
    assert env.allowed_hosts() == ["a.example", "b.example"]

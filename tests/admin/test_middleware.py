"""What the admin costs everybody else: nothing."""

from collections import Counter

import pytest
from asgiref.sync import SyncToAsync
from django.test import AsyncClient, Client


@pytest.fixture
def hops(monkeypatch):
    """Counts, per run, how often a request goes to a thread and back."""
    counted, original = Counter(), SyncToAsync.__call__

    async def counting(self, *args, **kwargs):
        counted["hops"] += 1
        return await original(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counting)
    return counted


async def test_it_adds_no_hop_between_threads_to_other_requests(settings, hops):
    counts = {}
    for on in (False, True):
        settings.ADMIN = on
        hops.clear()
        answer = await AsyncClient().get("/healthz")
        assert answer.status_code == 200
        counts[on] = hops["hops"]
    assert counts[True] == counts[False]


@pytest.mark.django_db(transaction=True)
async def test_its_pages_work_under_asgi(settings):
    answer = await AsyncClient().get("/admin/login/")
    assert answer.status_code == 200
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "csrftoken" in answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/users/me/", "/api/v1/docs/", "/nothing", "/administrator/"])
def test_cookies_and_frames_are_the_admin_s_own_affair(chiefs, path):
    answer = chiefs.get(path)
    assert not answer.cookies
    assert "X-Frame-Options" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.django_db
def test_a_session_opens_nothing_of_the_api(chiefs):
    assert chiefs.get("/api/v1/users/me/").status_code == 401


@pytest.mark.django_db
def test_it_may_live_under_a_prefix():
    answer = Client(SCRIPT_NAME="/chat").get("/admin/login/")
    assert answer.status_code == 200
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_switched_off_it_has_no_sessions(settings):
    settings.ADMIN = False
    answer = Client().get("/api/v1/docs/")
    assert not hasattr(answer.wsgi_request, "session")

"""django-allauth's addresses behave as our own: in both forms, with problem documents, and nothing for caches."""

import gzip

import pytest

from tests.allauth.people import PATH

LOGIN = f"{PATH}auth/login"


@pytest.mark.parametrize("path", [LOGIN, f"{LOGIN}/"])
async def test_an_address_with_and_without_a_last_slash(doors, path):
    answer = await doors.site.http().post(
        doors.site.urls[0] + path, json={"username": "nobody", "password": "wrong horse 9"}
    )
    assert answer.status_code == 400
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{LOGIN}//", 404, "not_found"),
        ("GET", f"{PATH}nowhere", 404, "not_found"),
        ("POST", "/_allauth/openapi.yaml", 404, "not_found"),
    ],
)
async def test_errors_are_problem_documents(doors, method, path, status, code):
    answer = await doors.site.http().request(method, doors.site.urls[0] + path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_compressed_body_is_refused(doors):
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await doors.site.http().post(doors.site.urls[0] + LOGIN, content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["Accept-Encoding"] == "identity"

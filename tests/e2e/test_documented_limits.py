"""The OpenAPI document names 429 for the operations whose rate is limited, and for no others."""

import ipaddress
import json
import re
import secrets
from uuid import uuid4

import pytest
from django.test import Client

from accounts import devices
from accounts.models import User
from tests.e2e.documented import Document

DOCUMENT = Document().content
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


@pytest.fixture
def _once(settings):
    """Whatever is limited may be done once."""
    settings.RATE_LIMITS = True
    settings.RATES = dict.fromkeys(settings.RATES, (1, 3600))
    settings.DELAYS = dict.fromkeys(settings.DELAYS, (1, 900, 3600))


def body_of(operation: dict, user: User) -> bytes:
    """Of the right shape, with a password and a code that are wrong."""
    if "requestBody" not in operation:
        return b""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    values = {"username": user.username, "email": "other@example.com", "kind": "public", "seq": 0}
    values |= dict.fromkeys(["user", "reply_to"], str(uuid4()))
    properties = DOCUMENT["components"]["schemas"][schema]["properties"]
    return json.dumps({name: values.get(name, "wrong words") for name in properties}).encode()


def ask_twice(operation_id: str) -> list[int]:
    """What somebody new, at an address of their own, is answered."""
    method, path, operation = OPERATIONS[operation_id]
    user = User.objects.create_user(f"limited-{secrets.token_hex(4)}", "correct horse 9")
    client = Client(REMOTE_ADDR=str(ipaddress.IPv4Address(0x0A000000 + secrets.randbelow(2**24))))
    body, answers = body_of(operation, user), []
    for _ in range(2):
        # The one before may have signed its device out.
        headers = {"Authorization": f"Bearer {devices.grant(user=user).access_token}"}
        url = re.sub(r"{\w+}", lambda _: str(uuid4()), path)
        answer = client.generic(method.upper(), url, body, "application/json", headers=headers)
        answers.append(answer.status_code)
    return answers


@pytest.mark.django_db
@pytest.mark.usefixtures("_once")
@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_the_document_names_what_is_limited(operation_id):
    first, second = ask_twice(operation_id)
    assert first != 429
    assert (second == 429) == ("429" in OPERATIONS[operation_id][2]["responses"]), f"it answered {first}, then {second}"

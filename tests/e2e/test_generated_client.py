"""A client nobody here wrote: generated from the OpenAPI document, it walks the main road on a live server."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PROJECT

PASSWORD = "correct horse 9"


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The package openapi-python-client makes of openapi/openapi.yaml."""
    folder: Path = tmp_path_factory.mktemp("generated")
    tools = Path(sys.executable).parent
    command = [tools / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"]
    source = ["--path", PROJECT / "openapi" / "openapi.yaml", "--output-path", folder / "roomwire_client"]
    # It formats what it makes with the ruff that stands beside it.
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run([*command, *source], check=True, cwd=folder, timeout=120, env=os.environ | path)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("roomwire_client")
    sys.path.remove(str(folder))


def call(operation: str, **arguments):
    return importlib.import_module(f"roomwire_client.api.{operation}").sync(**arguments)


def test_sign_up_log_in_post_and_list(generated, cluster_urls):
    models = importlib.import_module("roomwire_client.models")
    credentials = {"username": "generated", "password": PASSWORD}
    with generated.Client(base_url=cluster_urls[0]) as guest:
        registered = call("auth.auth_register", client=guest, body=models.RegistrationRequest(**credentials))
        assert registered.user.username == "generated"
        tokens = call("auth.auth_login", client=guest, body=models.LoginRequest(**credentials))
        problem = call("users.users_me", client=guest)
        assert (problem.status, problem.code) == (401, "unauthenticated")
    with generated.AuthenticatedClient(base_url=cluster_urls[1], token=tokens.access_token) as client:
        walk(client, models)


def walk(client, models) -> None:
    request = models.NewRoomRequest(name="made by a machine", kind=models.NewRoomRequestKind.PUBLIC)
    room = call("rooms.rooms_create", client=client, body=request)
    body = models.NewMessageRequest(body="hello", client_ref="1")
    sent = call("messages.messages_send", client=client, room_id=room.id, body=body)
    again = call("messages.messages_send", client=client, room_id=room.id, body=body)
    assert sent.seq == again.seq == 1
    assert sent.created_at.tzinfo is not None

    page = call("messages.messages_list", client=client, room_id=room.id)
    assert [(message.body, message.author.username) for message in page.results] == [("hello", "generated")]
    log = call("events.events_list", client=client, room_id=room.id, after_seq=0)
    assert [(event.type_, event.seq) for event in log.results] == [("message.created", 1)]
    assert [found.id for found in call("rooms.rooms_list", client=client).results] == [room.id]

"""A client nobody here wrote: generated from the OpenAPI document, it walks the main roads on a live server. All that
is said on the way is held against the document."""

import importlib
import secrets
from uuid import UUID

import pytest

from tests.e2e.documented import Document

PASSWORD = "correct horse 9"


@pytest.fixture(scope="module")
def document():
    return Document()


@pytest.fixture
def models(generated):
    return importlib.import_module("roomwire_client.models")


@pytest.fixture
def opened(generated, document):
    """A function that opens a client: nobody's, or that of whoever has the token."""
    hooks = {"event_hooks": {"response": [document.judge]}}

    def open_client(url: str, token: str | None = None):
        if token is None:
            return generated.Client(base_url=url, httpx_args=hooks, timeout=15)
        return generated.AuthenticatedClient(base_url=url, token=token, httpx_args=hooks, timeout=15)

    return open_client


def call(operation: str, **arguments):
    return importlib.import_module(f"roomwire_client.api.{operation}").sync(**arguments)


def status(operation: str, **arguments) -> int:
    """For operations whose success has no content."""
    return importlib.import_module(f"roomwire_client.api.{operation}").sync_detailed(**arguments).status_code


def said(problem) -> tuple[int, str]:
    assert type(problem).__name__ == "Problem"
    return problem.status, problem.code


def test_sign_up_log_in_post_and_list(opened, models, cluster_urls):
    credentials = {"username": f"generated-{secrets.token_hex(4)}", "password": PASSWORD}
    with opened(cluster_urls[0]) as guest:
        registered = call("auth.auth_register", client=guest, body=models.RegistrationRequest(**credentials))
        assert registered.user.username == credentials["username"]
        tokens = call("auth.auth_login", client=guest, body=models.LoginRequest(**credentials))
        assert said(call("users.users_me", client=guest)) == (401, "unauthenticated")
    with opened(cluster_urls[1], tokens.access_token) as client:
        walk(client, models, credentials["username"])


def walk(client, models, username: str) -> None:
    request = models.NewRoomRequest(name="made by a machine", kind=models.NewRoomRequestKind.PUBLIC)
    room = call("rooms.rooms_create", client=client, body=request)
    body = models.NewMessageRequest(body="hello", client_ref="1", data=None)
    sent = call("messages.messages_send", client=client, room_id=room.id, body=body)
    again = call("messages.messages_send", client=client, room_id=room.id, body=body)
    assert sent.seq == again.seq == 1
    assert sent.created_at.tzinfo is not None

    page = call("messages.messages_list", client=client, room_id=room.id)
    assert [(message.body, message.author.username) for message in page.results] == [("hello", username)]
    log = call("events.events_list", client=client, room_id=room.id, after_seq=0)
    assert [(event.type_, event.seq) for event in log.results] == [("message.created", 1)]
    assert [found.id for found in call("rooms.rooms_list", client=client).results] == [room.id]
    assert said(call("rooms.rooms_leave", client=client, room_id=room.id)) == (409, "last_owner")


class Life:
    """One account, from its beginning to its end. Each step asks another worker than the step before."""

    def __init__(self, opened, models, mailing) -> None:
        self.opened, self.models, self.mailing = opened, models, mailing
        self.name = f"life-{secrets.token_hex(4)}"
        self.address = f"{self.name}@example.com"
        self.password = PASSWORD
        self.steps = 0

    def _client(self, token: str | None = None):
        self.steps += 1
        return self.opened(self.mailing.urls[self.steps % 2], token)

    def ask(self, operation: str, model: str | None = None, token: str | None = None, **fields):
        """What an operation answers: a typed result, or a typed problem."""
        body = {} if model is None else {"body": getattr(self.models, model)(**fields)}
        with self._client(token) as client:
            return call(operation, client=client, **body)

    def do(self, operation: str, model: str | None = None, token: str | None = None, **fields) -> int:
        body = {} if model is None else {"body": getattr(self.models, model)(**fields)}
        with self._client(token) as client:
            return status(operation, client=client, **body)

    def sign_up(self) -> None:
        who = {"username": self.name, "password": self.password}
        registered = self.ask("auth.auth_register", "RegistrationRequest", **who, email=self.address)
        assert registered.user.username == self.name
        again = self.ask("auth.auth_register", "RegistrationRequest", **who, email=self.address)
        assert said(again) == (409, "username_taken")
        assert said(self.log_in()) == (403, "email_not_verified")
        self.verify()

    def verify(self) -> None:
        code = self.mailing.mailbox.code(self.address, "your code")
        wrong = f"{(int(code) + 1) % 10**8:08}"
        problem = self.ask("auth.auth_email_verify", "VerificationRequest", username=self.name, code=wrong)
        assert said(problem) == (400, "invalid_code")
        # A person types it in groups of four.
        typed = f"{code[:4]} {code[4:]}"
        assert self.do("auth.auth_email_verify", "VerificationRequest", username=self.name, code=typed) == 204

    def log_in(self, device: str = "a phone", **fields):
        who = {"username": self.name, "password": self.password} | fields
        return self.ask("auth.auth_login", "LoginRequest", **who, device=device, platform="ios")

    def is_in(self, tokens) -> bool:
        answer = self.ask("users.users_me", token=tokens.access_token)
        if isinstance(answer, self.models.Problem):
            assert said(answer) == (401, "unauthenticated")
            return False
        return answer.username == self.name


@pytest.fixture
def life(opened, models, mailing):
    made = Life(opened, models, mailing)
    made.sign_up()
    return made


def test_tokens_and_devices(life):
    phone = life.log_in(username=life.address.upper())
    laptop = life.log_in("a laptop")
    assert phone.user.id == laptop.user.id
    assert phone.expires_at.tzinfo is not None

    renewed = life.ask("auth.auth_refresh", "RefreshRequest", refresh_token=phone.refresh_token)
    again = life.ask("auth.auth_refresh", "RefreshRequest", refresh_token=phone.refresh_token)
    assert again.user == renewed.user
    assert renewed.access_token != phone.access_token
    assert life.is_in(renewed)
    assert not life.is_in(phone)
    answer = life.ask("auth.auth_refresh", "RefreshRequest", refresh_token="rwr_nobody")
    assert said(answer) == (401, "unauthenticated")

    devices = life.ask("auth.auth_devices_list", token=renewed.access_token).results
    assert {(each.id, each.name, each.platform, each.address, each.current) for each in devices} == {
        (phone.device, "a phone", "ios", "127.0.0.1", True),
        (laptop.device, "a laptop", "ios", "127.0.0.1", False),
    }
    with life.opened(life.mailing.urls[0], renewed.access_token) as client:
        assert status("auth.auth_devices_revoke", client=client, device_id=laptop.device) == 204
        again = call("auth.auth_devices_revoke", client=client, device_id=laptop.device)
        assert said(again) == (404, "not_found")
    assert not life.is_in(laptop)
    assert life.do("auth.auth_logout", token=renewed.access_token) == 204
    assert not life.is_in(renewed)
    everywhere = [life.log_in(), life.log_in()]
    assert life.do("auth.auth_logout_all", token=everywhere[0].access_token) == 204
    assert not any(life.is_in(each) for each in everywhere)


def test_passwords_and_addresses(life):
    phone, laptop = life.log_in(), life.log_in("a laptop")
    change = {"token": phone.access_token, "new_password": "another horse 8"}
    problem = life.ask("auth.auth_password_change", "PasswordChangeRequest", password="wrong", **change)
    assert said(problem) == (401, "invalid_credentials")
    weak = change | {"new_password": "12345678"}
    problem = life.ask("auth.auth_password_change", "PasswordChangeRequest", password=life.password, **weak)
    assert said(problem) == (400, "invalid")
    assert {error.pointer for error in problem.errors} == {"#/new_password"}
    assert life.do("auth.auth_password_change", "PasswordChangeRequest", password=life.password, **change) == 204
    assert life.is_in(phone)
    assert not life.is_in(laptop)

    assert life.do("auth.auth_password_forgotten", "ForgottenRequest", username=life.address) == 202
    code = life.mailing.mailbox.code(life.address, "a new password")
    life.password = "a third horse 7"
    reset = {"username": life.address, "code": code, "new_password": life.password}
    assert life.do("auth.auth_password_reset", "ResetRequest", **reset) == 204
    assert not life.is_in(phone)
    assert said(life.ask("auth.auth_password_reset", "ResetRequest", **reset)) == (400, "invalid_code")

    phone = life.log_in()
    before, life.address = life.address, f"other-{life.address}"
    fields = {"token": phone.access_token, "password": life.password, "email": life.address}
    me = life.ask("users.users_me_change", "ProfileRequest", **fields)
    assert (me.email, me.pending_email) == (before, life.address)
    life.mailing.mailbox.code(life.address, "your code")
    assert life.do("auth.auth_email_code", "ForgottenRequest", username=life.name) == 202
    life.verify()
    me = life.ask("users.users_me", token=phone.access_token)
    assert (me.email, me.pending_email) == (life.address, "")


def test_taking_all_away_and_being_forgotten(life):
    tokens = life.log_in()
    ticket = life.ask("auth.auth_ticket", token=tokens.access_token)
    assert ticket.ticket.startswith("rwt_")
    assert ticket.expires_at.tzinfo is not None
    with life.opened(life.mailing.urls[0], tokens.access_token) as client:
        kind = life.models.NewRoomRequestKind.PRIVATE
        room = call("rooms.rooms_create", client=client, body=life.models.NewRoomRequest(name="mine", kind=kind))
        message = life.models.NewMessageRequest(body="remember me")
        call("messages.messages_send", client=client, room_id=room.id, body=message)

    kept = life.ask("users.users_me_export", token=tokens.access_token)
    assert (kept.username, kept.email) == (life.name, life.address)
    assert [(each.id, each.name) for each in kept.devices] == [(tokens.device, "a phone")]
    assert [(each.id, each.name) for each in kept.rooms] == [(room.id, "mine")]
    assert [(each.room, each.role) for each in kept.memberships] == [(room.id, "owner")]
    assert [each.body for each in kept.messages] == ["remember me"]
    assert isinstance(kept.id, UUID)

    wrong = life.ask("users.users_me_erase", "ConfirmationRequest", token=tokens.access_token, password="wrong")
    assert said(wrong) == (401, "invalid_credentials")
    assert life.is_in(tokens)
    erase = {"token": tokens.access_token, "password": life.password}
    assert life.do("users.users_me_erase", "ConfirmationRequest", **erase) == 204
    assert not life.is_in(tokens)
    answer = life.ask("auth.auth_refresh", "RefreshRequest", refresh_token=tokens.refresh_token)
    assert said(answer) == (401, "unauthenticated")
    assert said(life.log_in()) == (401, "invalid_credentials")


def test_somebody_who_asks_too_often_is_told_when_to_come_back(life):
    life.name = f"nobody-{secrets.token_hex(4)}"
    for _ in range(12):  # the pauses double: however slow this machine is, one is too early in the end
        refused = life.log_in()
        if said(refused) != (401, "invalid_credentials"):
            break
    assert said(refused) == (429, "rate_limited")
    assert refused.retry_after > 0

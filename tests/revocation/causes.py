"""All that ends somebody's right to their sockets, done over the first worker or past all workers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.client import PASSWORD, Person
from tests.realtime.browser import Browser
from tests.revocation.live import Workers, login
from tests.servers import manage

ANOTHER = "another good one 77"


@dataclass
class Scene:
    """Somebody, on a device that will be out, and on another one."""

    workers: Workers
    victim: Person
    other: Person
    # What a cause was prepared with.
    code: str = ""
    used: str = ""

    async def post(self, path: str, **body: str) -> None:
        answer = await self.victim.site.http().post(path, json=body)
        assert answer.status_code < 300, answer.text


@dataclass
class Cause:
    name: str
    act: Callable[[Scene], Awaitable[object]]
    # The user's other device stays.
    spares: bool = False
    prepare: Callable[[Scene], Awaitable[object]] | None = None


async def logout(scene: Scene) -> None:
    await scene.victim.call("POST", "auth/logout/")


async def logout_all(scene: Scene) -> None:
    await scene.other.call("POST", "auth/logout-all/")


async def from_another_device(scene: Scene) -> None:
    await scene.other.call("DELETE", f"auth/devices/{scene.victim.login['device']}/")


async def password_change(scene: Scene) -> None:
    await scene.other.call("POST", "auth/password/", {"password": PASSWORD, "new_password": ANOTHER})


async def ask_for_a_code(scene: Scene) -> None:
    address = f"{scene.victim.username}@example.com"
    await scene.victim.call("PATCH", "users/me/", {"email": address, "password": PASSWORD})
    mailbox = scene.workers.mailbox
    code = await asyncio.to_thread(mailbox.code, address, "your code")
    await scene.post("auth/email/verify/", username=scene.victim.username, code=code)
    await scene.post("auth/password/forgotten/", username=address)
    scene.code = await asyncio.to_thread(mailbox.code, address, "a new password")


async def password_reset(scene: Scene) -> None:
    await scene.post("auth/password/reset/", username=scene.victim.username, code=scene.code, new_password=ANOTHER)


async def use_a_refresh_token_twice_over(scene: Scene) -> None:
    """What was used before the last one, at whatever time, is nobody's to use."""
    scene.used = token = scene.victim.login["refresh_token"]
    for _ in range(2):
        answer = await scene.victim.call("POST", "auth/refresh/", {"refresh_token": token})
        token, scene.victim.token = answer["refresh_token"], answer["access_token"]


async def refresh_token_reuse(scene: Scene) -> None:
    answer = await scene.victim.site.http().post("auth/refresh/", json={"refresh_token": scene.used})
    assert answer.status_code == 401


async def erase(scene: Scene) -> None:
    await scene.other.call("POST", "users/me/erase/", {"password": PASSWORD})


async def deactivation_elsewhere(scene: Scene) -> None:
    """In a process that has no sockets, and ends at once."""
    code = f"from accounts import users; users.deactivate(user_id='{scene.victim.id}')"
    variables = {name: value for name, value in scene.workers.variables.items() if name != "LOG_LEVEL"}
    await asyncio.to_thread(manage, "shell", "--verbosity", "0", "-c", code, **variables)


def by_the_admin(path: str, **fields: str) -> Callable[[Scene], Awaitable[None]]:
    """A form that the admin fills in. `{user}` and `{device}` are the victim's."""

    async def act(scene: Scene) -> None:
        names = {"user": scene.victim.id, "device": scene.victim.login["device"]}
        filled = {name: value.format(**names) for name, value in fields.items()}
        async with Browser.open(scene.workers.urls[0]) as browser:
            await browser.sign_in()
            # An action of a list asks for a confirmation on a page of its own.
            answer = await browser.submit(path.format(**names), confirmed="yes", **filled)
            assert answer.status_code == 302, answer.text

    return act


CAUSES = [
    Cause("logout", logout, spares=True),
    Cause("logout-all", logout_all),
    Cause("from-another-device", from_another_device, spares=True),
    Cause("password-change", password_change, spares=True),
    Cause("password-reset", password_reset, prepare=ask_for_a_code),
    Cause("refresh-token-reuse", refresh_token_reuse, spares=True, prepare=use_a_refresh_token_twice_over),
    Cause("erase", erase),
    Cause("deactivation-elsewhere", deactivation_elsewhere),
    Cause(
        "admin-deactivates",
        by_the_admin("/admin/accounts/user/", action="deactivate", _selected_action="{user}"),
    ),
    Cause("admin-unticks", by_the_admin("/admin/accounts/user/{user}/change/", is_active="")),
    Cause(
        "admin-signs-out",
        by_the_admin("/admin/accounts/user/", action="sign_out", _selected_action="{user}"),
    ),
    Cause(
        "admin-signs-a-device-out",
        by_the_admin("/admin/accounts/device/", action="sign_out", _selected_action="{device}"),
        spares=True,
    ),
    Cause(
        "admin-sets-a-password",
        by_the_admin("/admin/accounts/user/{user}/password/", password1=ANOTHER, password2=ANOTHER),
    ),
    Cause(
        "admin-takes-the-password-away",
        by_the_admin("/admin/accounts/user/{user}/password/", usable_password="false", **{"unset-password": "1"}),
    ),
]


async def scene(workers: Workers, site) -> Scene:
    victim = await site.newcomer("victim")
    return Scene(workers, victim, await login(site, victim.username))

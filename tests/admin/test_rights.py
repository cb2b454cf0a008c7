"""What the admin lets whom do to whom."""

import pytest

from accounts import tokens
from accounts.errors import Unauthenticated
from accounts.models import Device, Session, User
from chat.privacy import erasure
from tests.admin.conftest import PASSWORD

USERS, DEVICES = "/admin/accounts/user/", "/admin/accounts/device/"
NEW_PASSWORD = "another horse 8"


def act(client, url: str, action: str, *rows):
    """Do it and confirm it."""
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows], "confirmed": "yes"}
    return client.post(url, form, follow=True)


def form_of(client, user: User) -> dict[str, str]:
    """What the page of a user would post if nothing was changed."""
    answer = client.get(f"{USERS}{user.pk}/change/")
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    fields = {name: value for name in form.fields if (value := form[name].value()) not in (None, False, [], "")}
    return fields | {"devices-TOTAL_FORMS": "0", "devices-INITIAL_FORMS": "0"}


def is_in(grant) -> bool:
    try:
        return bool(tokens.authenticate(grant.access_token))
    except Unauthenticated:
        return False


@pytest.mark.parametrize("path", ["", "accounts/user/", "accounts/device/", "accounts/user/add/", "password_change/"])
def test_only_staff_comes_in(client, browser, somebody, path):
    assert client.get(f"/admin/{path}").url.startswith("/admin/login/")
    user = somebody("staff", is_staff=True)
    client = browser(user)
    User.objects.filter(id=user.id).update(is_staff=False)
    assert client.get(f"/admin/{path}").url.startswith("/admin/login/")


def test_nobody_else_gets_past_the_form(client, somebody):
    for user in (somebody(), somebody(is_staff=True, is_active=False)):
        answer = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 200
        assert "Please enter the correct" in answer.content.decode()
        assert "sessionid" not in client.cookies


@pytest.mark.parametrize("action", ["sign_out", "deactivate"])
def test_an_action_ends_what_they_were_signed_in_with(chiefs, browser, somebody, granted, action):
    user, other = somebody(is_staff=True), somebody()
    grants, others, theirs = [granted(user), granted(user)], granted(other), browser(user)
    assert act(chiefs, USERS, action, user).status_code == 200
    assert not any(is_in(grant) for grant in grants)
    assert is_in(others)
    assert theirs.get("/admin/").status_code == 302
    assert User.objects.get(id=user.id).is_active is (action == "sign_out")


def test_one_device_is_signed_out(chiefs, somebody, granted):
    user = somebody()
    lost, kept = granted(user), granted(user)
    act(chiefs, DEVICES, "sign_out", Device.objects.get(id=lost.device_id))
    assert (is_in(lost), is_in(kept)) == (False, True)


def test_a_user_who_is_no_longer_active_is_signed_out(chiefs, somebody, granted):
    user = somebody()
    grant = granted(user)
    form = form_of(chiefs, user)
    assert chiefs.post(f"{USERS}{user.pk}/change/", form).status_code == 302
    assert is_in(grant)
    del form["is_active"]
    assert chiefs.post(f"{USERS}{user.pk}/change/", form).status_code == 302
    assert not is_in(grant)
    assert Device.objects.get(user=user).revoked_at
    assert chiefs.post(f"{USERS}{user.pk}/change/", form | {"is_active": "on"}).status_code == 302
    assert not is_in(grant)


@pytest.mark.parametrize("fields", [{"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, {}], ids=["set", "unset"])
def test_a_password_that_an_admin_sets_ends_what_the_old_one_opened(chiefs, browser, somebody, granted, fields):
    user = somebody(is_staff=True)
    grant, theirs = granted(user), browser(user)
    buttons = (
        {"usable_password": "true", "set-password": "1"}
        if fields
        else {"usable_password": "false", "unset-password": "1"}
    )
    answer = chiefs.post(f"{USERS}{user.pk}/password/", fields | buttons)
    assert answer.status_code == 302, answer.context["form"].errors
    assert not is_in(grant)
    assert theirs.get("/admin/").status_code == 302
    assert chiefs.get("/admin/").status_code == 200
    user.refresh_from_db()
    assert not user.check_password(PASSWORD)
    assert user.has_usable_password() is bool(fields)


def test_a_weak_password_is_refused(chiefs, somebody, granted):
    user = somebody()
    grant = granted(user)
    weak = {"password1": "12345678", "password2": "12345678", "usable_password": "true", "set-password": "1"}
    assert chiefs.post(f"{USERS}{user.pk}/password/", weak).status_code == 200
    assert is_in(grant)


def test_ones_own_password(chiefs, chief, granted):
    grant = granted(chief)
    change = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    answer = chiefs.post("/admin/password_change/", change | {"old_password": "wrong"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["old_password"]
    assert is_in(grant)
    answer = chiefs.post("/admin/password_change/", change | {"old_password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/password_change/done/"
    assert not is_in(grant)
    assert chiefs.get("/admin/").status_code == 200  # this one browser stays
    assert Session.objects.filter(user=chief).count() == 1


@pytest.fixture
def _one_attempt(settings):
    """An hour for an account, at an address where its owner has not been."""
    settings.RATE_LIMITS = True
    settings.RATES = settings.RATES | {"login.account": (1, 3_600)}


@pytest.mark.usefixtures("_one_attempt")
def test_attempts_to_sign_in_are_limited(client, chief):
    tries = [{"username": chief.username, "password": password} for password in ("wrong", PASSWORD)]
    for fields in tries:
        answer = client.post("/admin/login/", fields)
        assert answer.status_code == 200
        assert "Please enter the correct" in answer.content.decode()
        assert "sessionid" not in client.cookies


@pytest.mark.usefixtures("_one_attempt")
def test_a_stolen_session_is_no_way_to_guess_the_password(client, chief):
    client.force_login(chief)
    change = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    said = [
        client.post("/admin/password_change/", change | {"old_password": old}).context["form"].errors["old_password"][0]
        for old in ("wrong", PASSWORD)
    ]
    assert "incorrect" in said[0]
    assert "Too many" in said[1]


def test_an_admin_may_sign_out_and_deactivate_themselves(chiefs, chief):
    act(chiefs, USERS, "sign_out", chief)
    assert chiefs.get("/admin/").status_code == 302


def test_an_admin_may_deactivate_themselves_by_the_form(chiefs, chief):
    form = form_of(chiefs, chief)
    del form["is_active"]
    assert chiefs.post(f"{USERS}{chief.pk}/change/", form).status_code == 302
    assert chiefs.get("/admin/").status_code == 302


def test_nothing_is_deleted(chiefs, somebody, granted):
    user = somebody()
    device = granted(user).device_id
    for url, row in ((USERS, user), (DEVICES, Device.objects.get(id=device))):
        assert chiefs.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert act(chiefs, url, "delete_selected", row).status_code == 200
        assert type(row).objects.filter(pk=row.pk).exists()
        assert "deletelink" not in chiefs.get(f"{url}{row.pk}/change/").content.decode()


def test_devices_are_made_by_signing_in_only(chiefs, somebody, granted):
    device = granted(somebody()).device_id
    assert chiefs.get(f"{DEVICES}add/").status_code == 403
    assert chiefs.post(f"{DEVICES}{device}/change/", {"name": "other"}).status_code == 403


def test_who_may_only_look_ends_nothing(browser, helper, somebody, granted):
    user = somebody()
    grant, client = granted(user), browser(helper("view_user", "view_device"))
    for url, row in ((USERS, user), (DEVICES, Device.objects.get(id=grant.device_id))):
        assert client.get(f"{url}{row.pk}/change/").status_code == 200
        for action in ("sign_out", "deactivate"):
            act(client, url, action, row)
    assert client.post(f"{USERS}{user.pk}/change/", {"username": "other"}).status_code == 403
    assert client.get(f"{USERS}{user.pk}/password/").status_code == 403
    assert is_in(grant)
    assert User.objects.get(id=user.id).is_active


def test_who_may_change_users_gets_no_more_rights_by_it(browser, helper, chief, somebody, granted):
    me, user = helper("view_user", "change_user", "add_user"), somebody()
    client = browser(me)
    rights = {"is_staff": "on", "is_superuser": "on", "user_permissions": ["1", "2"]}
    assert client.post(f"{USERS}{user.pk}/change/", form_of(client, user) | rights).status_code == 302
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.user_permissions.count()) == (False, False, 0)

    grant = granted(chief)
    for other in (chief, me):
        assert client.get(f"{USERS}{other.pk}/change/").status_code == 200
        assert client.post(f"{USERS}{other.pk}/change/", {"username": other.username} | rights).status_code == 403
        assert client.post(f"{USERS}{other.pk}/password/", {"usable_password": "false"}).status_code == 403
    act(client, USERS, "deactivate", chief, user)
    assert is_in(grant)
    assert [User.objects.get(id=each.id).is_active for each in (chief, user)] == [True, False]


def test_who_was_erased_does_not_come_back(chiefs, somebody):
    user = somebody()
    erasure.erase(user_id=user.id, password=PASSWORD)
    assert chiefs.get(f"{USERS}{user.pk}/change/").status_code == 200
    assert chiefs.post(f"{USERS}{user.pk}/change/", {"username": "back", "is_active": "on"}).status_code == 403
    assert chiefs.post(f"{USERS}{user.pk}/password/", {"usable_password": "true"}).status_code == 403

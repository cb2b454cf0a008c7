"""The rest of the permission matrix: the routes that are about oneself. Each is tried by a newcomer, and by nobody."""

from tests.client import PASSWORD
from tests.permissions.rows import rest
from tests.permissions.rules import ANYBODY, SIGNED_IN, Rule

_CODE = {"username": "{name}", "code": "00000000"}

# Whoever they are, a code that is not right is not right.
GUESSING = Rule("invalid_code " * 5, anonymous="invalid_code")
# What is somebody else's is not there.
OTHERS = Rule("not_found not_found not_found not_found not_found")

ACCOUNTS = [
    rest("POST auth/register/", ANYBODY, {"username": "{fresh}", "password": PASSWORD}),
    rest("POST auth/login/", ANYBODY, {"username": "{name}", "password": PASSWORD}),
    rest("POST auth/refresh/", ANYBODY, {"refresh_token": "{refresh}"}),
    rest("POST auth/logout/", SIGNED_IN),
    rest("POST auth/logout-all/", SIGNED_IN),
    rest("GET auth/devices/", SIGNED_IN),
    rest("DELETE auth/devices/{device}/", SIGNED_IN, own=True, note="own"),
    rest("DELETE auth/devices/{device}/", OTHERS),
    rest("POST auth/password/", SIGNED_IN, {"password": PASSWORD, "new_password": "another horse 7"}),
    rest("POST auth/password/forgotten/", ANYBODY, {"username": "{name}"}, changes=None),
    rest("POST auth/password/reset/", GUESSING, _CODE | {"new_password": "another horse 7"}),
    rest("POST auth/email/code/", ANYBODY, {"username": "{name}"}, changes=None),
    rest("POST auth/email/verify/", GUESSING, _CODE),
    rest("POST auth/tickets/", SIGNED_IN),
    rest("GET users/me/", SIGNED_IN),
    rest("PATCH users/me/", SIGNED_IN, {"password": PASSWORD, "email": "{fresh}@example.com"}),
    rest("POST users/me/erase/", SIGNED_IN, {"password": PASSWORD}),
    rest("GET schema/", ANYBODY),
    rest("GET docs/", ANYBODY),
]

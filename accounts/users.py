"""Users: registration, look-up, change, deactivation and erasure."""

import secrets
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.password_validation import validate_password
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import credentials, devices, emails, limits
from accounts.errors import InvalidCredentials, UsernameTaken
from accounts.models import Code, Device, IdempotencyKey, User
from core.errors import Invalid, Violation


def register(*, username: str, password: str, email: str = "", address: str | None = None) -> User:
    """Create a user. The e-mail address is stored as pending and sent a code; returning the code verifies it
    (accounts/emails.py). The result does not reveal whether another user has that e-mail address. `address` is the
    client's IP address; None if no client asks. Raises Invalid (with a violation per problem), UsernameTaken or
    RateLimited."""
    limits.registration(address)
    user = User(username=User.normalize_username(username), pending_email=_normal(email))
    violations = _problems(user, "username", "pending_email") + password_problems(user, password)
    if violations:
        raise Invalid(*violations)
    with credentials.hashing():
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            emails.send_code(user)
    except IntegrityError as error:
        raise UsernameTaken from error
    return user


def get(*, user_id: UUID) -> User:
    """Return the signed-in user with this id."""
    return User.objects.get(id=user_id)


def change(*, user_id: UUID, password: str, email: str, address: str | None = None) -> User:
    """Set another pending e-mail address and send it a code; the present one stays valid until the code is returned. An
    empty text removes both. Raises Invalid, InvalidCredentials or RateLimited."""
    user = confirm_password(user_id=user_id, password=password, address=address)
    user.pending_email = _normal(email)
    violations = _problems(user, "pending_email")
    if violations:
        raise Invalid(*violations)
    limits.mail(name=user.username, address=address)
    with transaction.atomic():
        if not credentials.hold(user):
            raise InvalidCredentials
        if not email:
            user.email = ""
        user.save(update_fields=["pending_email"] if email else ["email", "pending_email"])
        Code.objects.filter(user=user, purpose=Code.Purpose.VERIFY).delete()
        emails.send_code(user)
    return user


def confirm_password(*, user_id: UUID, password: str, address: str | None) -> User:
    """Return the signed-in user if the password is right. Raises InvalidCredentials or RateLimited."""
    return credentials.check(name=get(user_id=user_id).username, password=password, address=address)


def deactivate(*, user_id: UUID) -> None:
    """Revoke the user's devices and sessions, and refuse logins until `is_active` is set again."""
    with transaction.atomic():
        User.objects.filter(id=user_id).update(is_active=False)
        devices.revoke_all(user_id=user_id)


@transaction.atomic
def erase(*, user_id: UUID) -> User | None:
    """Remove the user's personal data. The row remains, under a random name, because other rows refer to it. The user's
    messages are erased by chat (chat/privacy/erasure.py), which then calls `mark_erased`. Return None if the user was
    erased before."""
    user = User.objects.select_for_update().get(id=user_id)
    if user.erasing_at or user.erased_at:
        return None
    # Random, so that no other user has this name.
    user.username, user.email, user.pending_email = f"deleted-{secrets.token_hex(6)}", "", ""
    user.set_unusable_password()
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login, user.erasing_at = None, timezone.now()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    devices.revoke_all(user_id=user_id)
    Device.objects.filter(user_id=user_id).delete()
    Code.objects.filter(user_id=user_id).delete()
    # Entries of the admin's history contain the name.
    told = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user_id))
    told.update(object_repr=user.username)
    return user


def mark_erased(*, user_id: UUID) -> None:
    """Delete the user's idempotency keys, and record that the erasure is complete."""
    IdempotencyKey.objects.filter(user_id=user_id).delete()
    User.objects.filter(id=user_id).update(erasing_at=None, erased_at=timezone.now())


def password_problems(user: User, password: str, field: str = "password") -> list[Violation]:
    """Return the violations that AUTH_PASSWORD_VALIDATORS find in a password for this user."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [Violation(field, problem.code or "invalid", _text(problem)) for problem in error.error_list]
    return []


def _normal(email: str) -> str:
    return User.objects.normalize_email(User.normalize_username(email))


def _problems(user: User, *given: str) -> list[Violation]:
    """Return what is wrong with the fields in `given`. Other fields are not checked: a name older than a rule stays
    valid."""
    found = []
    if settings.EMAIL_REQUIRED and not user.pending_email:
        found.append(Violation("email", "required", "An e-mail address is required."))
    try:
        user.clean_fields(exclude={field.name for field in User._meta.fields} - set(given))
    except ValidationError as error:
        names = {"pending_email": "email"}
        for field, problems in error.error_dict.items():
            found += [Violation(names.get(field, field), "invalid", _text(problem)) for problem in problems]
    return found


def _text(problem: ValidationError) -> str:
    return " ".join(problem.messages)

"""Users: joining, and being found."""

import unicodedata
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.errors import Invalid, UsernameTaken, Violation
from accounts.models import User


def register(*, username: str, password: str, email: str = "") -> User:
    """A new user. Raises Invalid (with a violation per problem) or UsernameTaken."""
    user = User(username=unicodedata.normalize("NFKC", username), email=User.objects.normalize_email(email))
    violations = _violations(user, password)
    if violations:
        raise Invalid(*violations)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise UsernameTaken from error
    return user


def get(*, user_id: UUID) -> User:
    """Somebody who is signed in."""
    return User.objects.get(id=user_id)


def _violations(user: User, password: str) -> list[Violation]:
    found = []
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        for field, problems in error.error_dict.items():
            found += [Violation(field, "invalid", _text(problem)) for problem in problems]
    try:
        validate_password(password, user)
    except ValidationError as error:
        found += [Violation("password", problem.code or "invalid", _text(problem)) for problem in error.error_list]
    return found


def _text(problem: ValidationError) -> str:
    return " ".join(problem.messages)

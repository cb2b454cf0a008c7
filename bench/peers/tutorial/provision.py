"""`python -m bench.peers.tutorial.provision`: users and tokens in bulk, as the layout on stdin says."""

import json
import secrets
import sys

import django

from bench.site import Layout

_BATCH = 2000


def main() -> None:
    layout = Layout(**json.load(sys.stdin))
    django.setup()
    # A room is a name: it has no table and no members.
    run = secrets.token_hex(4)
    rooms = [f"{run}-{n}" for n in range(layout.rooms)]
    json.dump({"rooms": rooms, "tokens": _tokens(layout, run)}, sys.stdout)


def _tokens(layout: Layout, run: str) -> list[str]:
    from django.contrib.auth import get_user_model

    from bench.peers.tutorial.models import Token

    user_model = get_user_model()
    users = user_model.objects.bulk_create(
        [user_model(username=f"bench-{run}-{n}", password="!") for n in range(layout.people)],  # noqa: S106
        _BATCH,
    )
    keys = [secrets.token_hex(20) for _ in users]
    Token.objects.bulk_create([Token(key=key, user=user) for key, user in zip(keys, users, strict=True)], _BATCH)
    return keys


if __name__ == "__main__":
    main()

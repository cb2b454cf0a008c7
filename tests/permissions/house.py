"""A running Roomwire whose database can be looked into, and rearranged."""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import httpx
from django.apps import apps
from django.db import connections

from accounts.models import Code
from chat.models import Generation
from config import services
from core.ids import uuid7
from tests.client import DEADLINE
from tests.permissions import people, world
from tests.permissions.people import NOBODY, Person
from tests.permissions.rows import Row
from tests.permissions.rules import Setting
from tests.permissions.world import World

Fingerprints = dict[str, str]


class House:
    """`alias` is Django's name for its database here. The people are always the same; a room is as it was made, until
    somebody has changed it."""

    def __init__(self, urls: list[str], alias: str) -> None:
        self.urls, self.alias = urls, alias
        self.https = [httpx.Client(base_url=f"{url}/api/v1/", timeout=DEADLINE) for url in urls]
        self._places: dict[str, World] = {}
        self._fingerprints: Fingerprints = {}

    def close(self) -> None:
        for http in self.https:
            http.close()

    @cached_property
    def people(self) -> dict[str, Person]:
        return {name: people.join(self.alias, name) for name in world.NAMES}

    def newcomer(self) -> Person:
        self._fingerprints = {}
        return people.join(self.alias, "newcomer")

    def person(self, name: str) -> Person:
        return NOBODY if name == "anonymous" else self.people[name]

    def world(self, setting: Setting, **columns: Any) -> World:
        """A room that nobody has changed."""
        key = f"{setting} {columns}"
        if key not in self._places:
            self._places[key] = world.build(self.alias, setting, self.people, **columns)
            self._fingerprints = {}
        return self._places[key]

    def leave(self, place: World) -> None:
        """It is not what it was: the next one gets another, and finds no other room either that was made meanwhile."""
        self._places = {key: each for key, each in self._places.items() if each is not place}
        world.clear(self.alias, keep=[each.room.id for each in self._places.values()])
        self._fingerprints = {}

    @contextmanager
    def borrowed(self, setting: Setting) -> Iterator[World]:
        """A room that will be changed."""
        place = self.world(setting)
        try:
            yield place
        finally:
            self.leave(place)

    def names(self, actor: str, place: World, row: Row) -> dict[str, str]:
        """What the names in a row stand for, when this person asks."""
        ids = {name: person.id for name, person in self.people.items()}
        me = self.person(actor)
        message = place.messages.get(actor) if row.own else None
        return ids | {
            "role": actor,
            "token": me.token,
            "room": str(place.room.id),
            "message": str((message or place.messages["other"]).id),
            "user": me.id if row.user == "oneself" else ids.get(row.user, str(uuid7())),
            "emoji": row.emoji,
            "secret": place.secret,
            "fresh": f"fresh-{secrets.token_hex(4)}",
        }

    def expect_no_traces(self, *, anew: bool = False) -> None:
        """From here on; `anew` where something was done that left some."""
        if anew or not self._fingerprints:
            self._fingerprints = self._look()

    def traces(self) -> str:
        """Which tables have changed meanwhile."""
        before, self._fingerprints = self._fingerprints, self._look()
        return ", ".join(table for table, rows in before.items() if rows != self._fingerprints[table])

    def _look(self) -> Fingerprints:
        """At all that the database holds of people and rooms."""
        models = [model for label in ("accounts", "chat") for model in apps.get_app_config(label).get_models()]
        # A code is made when its mail is written, which may be later than the answer; servers say in a generation's row
        # that they are alive.
        tables = [model._meta.db_table for model in models if model not in (Code, Generation)]
        database = connections[self.alias]
        with database.cursor() as cursor:
            if database.vendor == "postgresql":
                cursor.execute(_postgres(tables))
                return dict(cursor.fetchall())
            return {table: _all_of(cursor, table) for table in tables}


def _postgres(tables: Iterable[str]) -> str:
    whole = "SELECT '{0}', md5(coalesce(string_agg(row::text, ' ' ORDER BY row::text), '')) FROM {0} AS row"
    return " UNION ALL ".join(whole.format(table) for table in tables)


def _all_of(cursor: Any, table: str) -> str:
    cursor.execute(f"SELECT * FROM {table}")
    return json.dumps(sorted(map(repr, cursor.fetchall())))


@contextmanager
def connected(url: str, alias: str):
    """Django knows the database at this address by this name, meanwhile."""
    config = services.database(url)
    config["OPTIONS"] = {name: value for name, value in config["OPTIONS"].items() if name != "pool"}
    template = connections.databases["default"]
    connections.databases[alias] = {**template, **config, "TEST": template["TEST"]}
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]

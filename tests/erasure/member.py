"""What a member of a room knows, from nothing but the events they heard; and a fresh look at the same room."""

from typing import Any

from tests.client import Person


class Known:
    """A client that keeps a copy, as docs/protocol.md says a client should."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.members: dict[str, dict[str, Any]] = {}
        self.seq = 0

    def hear(self, event: dict[str, Any]) -> None:
        assert event["seq"] == self.seq + 1
        self.seq = event["seq"]
        getattr(self, event["type"].replace(".", "_"))(event["data"])

    def message_created(self, data: dict[str, Any]) -> None:
        self.messages[data["id"]] = data

    def member_joined(self, data: dict[str, Any]) -> None:
        self.members[data["user"]["id"]] = data

    member_updated = member_joined
    message_updated = message_deleted = message_created

    def reaction_added(self, data: dict[str, Any]) -> None:
        self.messages[data["message"]]["reactions"] = data["reactions"]

    def member_left(self, data: dict[str, Any]) -> None:
        self.members.pop(data["user"]["id"], None)

    def user_erased(self, data: dict[str, Any]) -> None:
        user = data["user"]
        emptied = {"author": user, "body": "", "data": None, "client_ref": None, "mentions": [], "reactions": []}
        for message in self.messages.values():
            if message["author"]["id"] == user["id"]:
                message |= emptied | {"deleted_at": message["deleted_at"] or data["deleted_at"]}
        for member in self.members.values():
            if member["user"]["id"] == user["id"]:
                member["user"] = user

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.messages, self.members


async def look(person: Person, room: str, worker: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same, of somebody who comes now."""
    messages = (await person.call("GET", f"rooms/{room}/messages/?limit=200", worker=worker))["results"]
    members = (await person.call("GET", f"rooms/{room}/members/", worker=worker))["results"]
    return {each["id"]: each for each in messages}, {each["user"]["id"]: each for each in members}


async def log(person: Person, room: str, worker: int = 0) -> list[dict[str, Any]]:
    return (await person.call("GET", f"rooms/{room}/events/?after_seq=0&limit=200", worker=worker))["results"]

"""A client of the hub that checks what it is given."""

from uuid import UUID

from realtime.hub import Hub
from tests.unit.stand_ins import Listener


class Client(Listener):
    """A reader that knows which subscription is its own, as a Connection does, and checks all it is given."""

    def __init__(self, hub: Hub, user_id, said: dict[UUID, dict[int, str]]):
        super().__init__(user_id)
        self.hub, self.said = hub, said
        self.epoch: UUID | None = None
        self.wrong: list[str] = []
        self.subscription = None
        self.granted = 0
        self.expected = 0
        self.removed = False

    def subscribe(self, room_id, head, since: int | None) -> None:
        self.leave()
        self.removed, self.granted, self.epoch = False, head.seq, head.epoch
        self.expected = head.seq if since is None else min(since, head.seq)
        self.subscription = self.hub.subscribe(self, room_id, head, self.expected)
        self.hub.start(self.subscription)

    def leave(self) -> None:
        if self.subscription is not None:
            self.hub.unsubscribe(self.subscription)
        self.subscription = None

    def forget(self, room_id) -> None:
        self.leave()
        self.removed = True

    def tell(self, frame: str) -> None:
        super().tell(frame)
        self.check(frame, self.frames[-1])

    def check(self, frame: str, said: dict) -> None:
        """Nothing is raised here: the hub may catch it."""
        if said["type"] == "room.resync":
            if said["epoch"] != str(self.epoch):
                self.wrong.clear()  # all that was given is given up, and a snapshot fetched
            elif said["head"] < self.expected:
                self.wrong.append(f"back to {said['head']} from {self.expected}")
            self.epoch, self.expected = UUID(said["epoch"]), said["head"]
        elif "seq" in said:
            self.wrong += ["not subscribed"] * (self.subscription is None)
            self.wrong += [f"{said['seq']} came after {self.expected}"] * (said["seq"] != self.expected + 1)
            self.wrong += [f"{frame} was never written"] * (frame != self.said[self.epoch].get(said["seq"]))
            self.expected = said["seq"]

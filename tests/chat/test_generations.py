"""A database that comes back older than it was: what clients had of the events that are gone is never continued."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from chat import history, permissions, rooms, sync
from chat.eventlog import generations, log, positions
from chat.eventlog.positions import Position
from chat.models import Event, Generation, Message, Room
from core.announcer import announcer
from tests.chat.talk import NOWHERE, committed, people, room, say
from tests.unit.stand_ins import LAYERS

KEPT, LOST, AFTER = 5, 10, 13


class Story:
    """A room with events to 10, of which those past 5 are taken back; then others come, to 13."""

    def __init__(self):
        self.alice, self.bob = people("alice", "bob")
        self.room = room(self.alice)
        self.say_to(LOST)
        self.epoch = self.head().epoch

    def say_to(self, seq: int) -> None:
        while Room.objects.get(id=self.room).last_seq < seq:
            say(self.alice, self.room)

    def head(self) -> log.Head:
        ((head,),) = [found.values() for found in permissions.list_positions([(self.alice, [self.room])])]
        return head

    def take_back(self) -> None:
        Event.objects.filter(room=self.room, seq__gt=KEPT).delete()
        Message.objects.filter(room=self.room, seq__gt=KEPT).delete()
        Room.objects.filter(id=self.room).update(last_seq=KEPT)

    def answers(self, seq: int, epoch: uuid.UUID) -> set[bool]:
        """Whether it is recovered from there, by each door."""
        at = Position(seq, epoch)
        page = history.page(user_id=self.alice, room_id=self.room, after_seq=seq, limit=50, epoch=epoch)
        changes = sync.since(user_id=self.alice, positions={self.room: at}).rooms
        socket = self.room in positions.continued({self.room: at}, {self.room: self.head()})
        return {page.recovered, socket, *(change.recovered for change in changes)}


def counter_went_back(story: Story) -> None:
    """As any restored database's does."""
    generations._seen.learn(generations._token(), Event.objects.latest("id").id + 1_000)


def another_process_restored(story: Story) -> None:
    """This one only knows where the room stood."""


def a_standby_took_over(story: Story) -> None:
    """This process knows nothing of the room."""
    generations.beat()
    generations._seen = generations._Seen()
    Generation.objects.filter(last_event=None).update(timeline=99)
    generations.beat()


def nobody_was_there(story: Story) -> None:
    generations._seen = generations._Seen()
    Generation.objects.filter(last_event=None).update(alive_at=timezone.now() - timedelta(minutes=1))
    assert generations.join(None) is None


def reconciled(story: Story) -> None:
    """As another worker's hub, which has delivered what was written elsewhere."""
    generations._seen = generations._Seen()
    generations.beat()
    heads = log.heads([story.room], {story.room: log.Head(story.epoch, LOST)})
    assert heads[story.room].epoch != story.epoch


WAYS = [counter_went_back, another_process_restored, a_standby_took_over, nobody_was_there, reconciled]


@committed
@pytest.mark.parametrize("way", WAYS)
def test_what_was_taken_back_is_noticed_and_never_continued(way):
    generations.begin("as at a server's start")
    story = Story()
    story.take_back()
    way(story)
    story.say_to(AFTER)
    assert story.head().epoch != story.epoch
    for seq in range(KEPT + 1, AFTER + 1):
        assert story.answers(seq, story.epoch) == {False}, seq
    for seq in range(KEPT + 1):
        assert story.answers(seq, story.epoch) == {True}, seq
    for seq in range(AFTER + 1):
        assert story.answers(seq, story.head().epoch) == {True}, seq


@committed
def test_the_first_generation_s_epochs_are_the_rooms_own_and_last_as_long():
    story = Story()
    assert story.epoch == Room.objects.get().epoch
    for _ in range(3):
        generations.begin("again")
    story.say_to(AFTER)
    assert story.answers(LOST, story.epoch) == {True}
    assert story.answers(LOST + 1, story.epoch) == {False}
    assert story.answers(LOST, uuid.uuid4()) == {False}


@committed
def test_an_epoch_is_a_valid_uuid_of_the_room_s_own_version():
    story = Story()
    generations.begin("again")
    epoch = story.head().epoch
    assert (epoch.version, epoch.variant) == (4, uuid.RFC_4122)
    assert rooms.get(user_id=story.alice, room_id=story.room).epoch == epoch


@committed
def test_what_is_announced_is_of_the_new_generation(settings):
    settings.CHANNEL_LAYERS = LAYERS
    story = Story()
    story.take_back()
    announced: list[dict] = []
    announcer.listeners.append(announced.append)
    try:
        say(story.alice, story.room)
        announcer.flush()
    finally:
        announcer.listeners.remove(announced.append)
    assert [(each["seq"], each["epoch"]) for each in announced] == [(KEPT + 1, str(story.head().epoch))]
    assert story.head().epoch != story.epoch


@committed
def test_in_ordinary_life_no_generation_begins():
    story = Story()
    before = Generation.objects.count()
    for _ in range(3):
        generations.beat()
        story.say_to(story.head().seq + 1)
        log.heads([story.room, NOWHERE], {story.room: story.head()})
    rooms.delete(actor_id=story.alice, room_id=story.room)
    generations.beat()
    assert Generation.objects.count() == before


@committed
def test_a_server_that_starts_beside_another_is_of_its_generation():
    generations.begin("as at a server's start")
    (first,) = Generation.objects.filter(last_event=None)
    sign = generations.join(None)
    assert sign is not None
    assert generations.join(sign) == sign, "the other has not been seen to live"
    generations.beat()
    assert generations.join(sign) is None
    assert list(Generation.objects.filter(last_event=None)) == [first]


@committed
def test_of_two_that_notice_at_once_one_begins():
    token = generations.begin("the start")
    new = generations.begin("one", token)
    assert generations.begin("the other", token) == new != token


@committed
def test_the_command_invalidates_what_could_not_be_noticed(capsys):
    story = Story()
    generations.begin("again")
    middle = story.head().epoch
    call_command("renew_epochs")
    assert story.answers(LOST, story.epoch) == story.answers(LOST, middle) == {False}
    assert story.answers(1, story.epoch) == {False}
    assert story.answers(LOST, story.head().epoch) == {True}


@committed
def test_many_places_take_three_queries(django_assert_num_queries):
    alice, _ = people("alice", "bob")
    made = [room(alice) for _ in range(5)]
    for each in made:
        say(alice, each)
    places = {(each, Position(1, Room.objects.get(id=each).epoch)) for each in made}
    generations.begin("again")
    with django_assert_num_queries(3):
        assert positions.kept([places, [], {(NOWHERE, Position(1, uuid.uuid4()))}]) == [places, set(), set()]


@committed
def test_what_is_remembered_of_rooms_is_bounded(monkeypatch):
    monkeypatch.setattr(generations, "_REMEMBERED_ROOMS", 3)
    alice, _ = people("alice", "bob")
    made = [room(alice) for _ in range(5)]
    for each in (*made, made[3]):
        say(alice, each)
    assert set(generations.witness(made).heads) == set(made[2:])


@committed
def test_a_refused_write_keeps_what_it_noticed_for_the_next():
    """The generation goes with its transaction; the evidence stays."""
    story = Story()
    story.take_back()
    with transaction.atomic():
        log.lock(story.room)
        transaction.set_rollback(True)
    assert story.head().epoch == story.epoch
    story.say_to(AFTER)
    assert story.head().epoch != story.epoch

"""What one may not do is not come by in steps that one may take: leaving and coming back."""

import pytest

from tests.permissions.doors import Rest
from tests.permissions.rows import rest
from tests.permissions.rules import SETTINGS, Rule

LEAVE, JOIN = "POST rooms/{room}/leave/", "POST rooms/{room}/join/"


class Story:
    """What people do one after the other in a public room."""

    def __init__(self, house, place):
        self.house, self.place = house, place

    def does(self, who, route, body=None, *, user="other"):
        row = rest(route, Rule(""), body, user=user)
        names = self.house.names(who, self.place, row)
        return Rest(self.house, self.house.person(who), 0).ask(row, names).code


@pytest.fixture
def story(cluster_house):
    with cluster_house.borrowed(SETTINGS["public"]) as place:
        yield Story(cluster_house, place)


def test_a_mute_is_not_over_for_having_left(story):
    assert story.does("muted", "POST rooms/{room}/messages/", {"body": "hello"}) == "muted"
    assert [story.does("muted", LEAVE), story.does("muted", JOIN)] == ["ok", "ok"]
    assert story.does("muted", "POST rooms/{room}/messages/", {"body": "hello"}) == "muted"


def test_a_mute_is_not_over_for_having_been_taken_out(story):
    assert story.does("moderator", "DELETE rooms/{room}/members/{user}/", user="muted") == "ok"
    assert story.does("muted", JOIN) == "ok"
    assert story.does("muted", "POST rooms/{room}/messages/", {"body": "hello"}) == "muted"


def test_who_comes_back_has_no_rights_of_before(story):
    assert [story.does("co_owner", LEAVE), story.does("co_owner", JOIN)] == ["ok", "ok"]
    assert story.does("co_owner", "PATCH rooms/{room}/", {"name": "mine"}) == "forbidden"


def test_whoever_is_banned_can_be_neither_let_in_nor_found_there(story):
    assert story.does("moderator", "POST rooms/{room}/bans/", {"user": "{member}"}) == "ok"
    assert story.does("member", "GET rooms/{room}/") == "not_found"
    assert story.does("member", JOIN) == "not_found"
    assert story.does("owner", "POST rooms/{room}/members/", {"user": "{member}"}) == "invalid"
    assert story.does("stranger", "GET rooms/{room}/members/{user}/", user="member") == "not_found"
    assert story.does("moderator", "DELETE rooms/{room}/bans/{user}/", user="member") == "ok"
    assert [story.does("member", "GET rooms/{room}/"), story.does("member", JOIN)] == ["ok", "ok"]


def test_whoever_keeps_order_no_more_does_not(story):
    assert story.does("owner", "PATCH rooms/{room}/members/{user}/", {"role": "member"}, user="moderator") == "ok"
    assert story.does("moderator", "DELETE rooms/{room}/members/{user}/") == "forbidden"
    assert story.does("owner", "POST rooms/{room}/transfer/", {"user": "{moderator}"}) == "ok"
    assert story.does("owner", "DELETE rooms/{room}/") == "forbidden"
    assert story.does("moderator", "DELETE rooms/{room}/") == "ok"
    assert story.does("moderator", "GET rooms/{room}/") == "not_found"

"""Mentions: who is named by `@username`, in whatever text."""

import pytest
from django.db import connection

from chat import bans, edits, members, mentions, messages, rooms
from chat.models import Membership, Mention
from tests.chat.talk import as_told, heard, people, person, room, say, told

pytestmark = pytest.mark.django_db


def of(user_id) -> list[str]:
    """The bodies of the messages that name somebody, the latest first."""
    return [mentions.to_wire(row).body for row in mentions.list_mentions(user_id=user_id)]


NAMES = ["alice", "bob", "bob.", "b", "_b_", "Ж", "josé", "c++", "a.b-c+d", "-", "x" * 64]
NAMES += ["田中", "田中太郎", "小明", "สม", "지민", "דן", "bob字", "b.ob"]

# What is said, and who is named by it.
SAID = {
    "@bob": ["bob"],
    "@bob hello": ["bob"],
    "hello @bob": ["bob"],
    "hello @bob, and @alice!": ["bob", "alice"],
    "@alice @bob @alice": ["alice", "bob"],
    "(@bob)": ["bob"],
    '"@bob"': ["bob"],
    "@bob's": ["bob"],
    "@bob: yes?": ["bob"],
    "\n@bob\n": ["bob"],
    "/@bob": ["bob"],
    "@bob/@alice": ["bob", "alice"],
    "«@bob»": ["bob"],
    "🎉@bob🎉": ["bob"],
    "@BOB": ["bob"],
    "@bOb": ["bob"],
    "@bob..": ["bob."],
    "@bob...": ["bob."],
    "@bob.": ["bob."],
    "@bob-": ["bob"],
    "@alice.": ["alice"],
    "@alice...": ["alice"],
    "@alice......": ["alice"],
    "@alice.-+": ["alice"],
    "@c++": ["c++"],
    "@c++.": ["c++"],
    "@c+": [],
    "@a.b-c+d.": ["a.b-c+d"],
    "@_b_": ["_b_"],
    "@b": ["b"],
    "@Ж": ["Ж"],
    "@ж": ["Ж"],
    "@josé": ["josé"],
    "@JOSÉ": ["josé"],
    "@" + "x" * 64: ["x" * 64],
    "@" + "x" * 64 + ".": ["x" * 64],
    "@" + "X" * 64 + ", and": ["x" * 64],
    # and nobody
    "@" + "x" * 65: [],
    "bob@alice": [],
    "bob@alice.example": [],
    "me+bob@alice": [],
    "x.@alice": [],
    "@@bob": [],
    "@bob@alice": ["bob"],
    "@bobby": [],
    "@bo": [],
    "@bob.b": [],
    "bob": [],
    "@": [],
    "@ bob": [],
    "@.": [],
    "@-": ["-"],
    "@\u200bbob": [],
    "@nobody": [],
    "@stranger": [],
    "@%": [],
    # a full-width "@", full-width letters, accents apart from their letters
    "\uff20bob": ["bob"],
    "@\uff42\uff4f\uff42": ["bob"],
    "@jose\u0301": ["josé"],
    "@bob\u0301": [],
    "e\u0301@bob": [],
    # scripts without spaces between words
    "你好@bob": ["bob"],
    "你好 @bob 请看": ["bob"],
    "@bob你好": ["bob"],
    "交给@bob处理": ["bob"],
    "交给@bob处理\uff0c然后@alice看": ["bob", "alice"],
    "交给\uff20bob处理": ["bob"],
    "@bobさん、これ": ["bob"],
    "@bob、見て": ["bob"],
    "これを@bobへ": ["bob"],
    "ถาม@bobครับ": ["bob"],
    "ที่@bobค่ะ": ["bob"],
    "သူ@bobကို": ["bob"],
    "សួរ@bobផង": ["bob"],
    "안녕@bob님": ["bob"],
    "@bob.然后": ["bob."],
    "@bob-处理": ["bob"],
    "@BOBさん": ["bob"],
    "@bobby处理": [],
    "@bob_处理": [],
    "@bobさん@alice": ["bob", "alice"],
    "@田中": ["田中"],
    "@田中さん": ["田中"],
    "@田中太": ["田中"],
    "@田中太郎さん": ["田中太郎"],
    "私は@田中です": ["田中"],
    "@小明hello": ["小明"],
    "@小明。": ["小明"],
    "@小": [],
    "@สมครับ": ["สม"],
    "@สมัย": [],
    "@지민이가": ["지민"],
    "@bob字です": ["bob字"],
    # scripts with spaces, of which a prefix may stand before a name
    "ל@bob": ["bob"],
    "و@bob": ["bob"],
    "नमस्ते@bob": ["bob"],
    "@bobגם": ["bob"],
    "\u200f@bob\u200f مرحبا": ["bob"],
    "\u2068@bob\u2069": ["bob"],
    "مرحبا @bob،": ["bob"],
    "@דן": ["דן"],
    "@דנה": [],
    "@דןה": [],
    # marks before
    "-@bob": ["bob"],
    "wait...@bob": ["bob"],
    "❤️@bob": ["bob"],
    "3️⃣@bob": ["bob"],
    # e-mail addresses
    "josé@bob": [],
    "жук@bob": [],
    "δοκιμή@bob": [],
    "用户@bob.example": [],
    "用户@小明.广告": [],
    "用户@小明公司.广告": [],
    "用户@bob公司.com": [],
    "用户@bob.": ["bob."],
    "用户@b.ob": ["b.ob"],
    "用户@b.ob处理": ["b.ob"],
    "ผู้ใช้@สม.ไทย": [],
    "user@小明.广告": [],
    "संपर्क@bob.भारत": [],
    # URLs
    "https://x.example/@bob": [],
    "看https://x.example/@bob": [],
    "(https://x.example/@bob)": [],
    "https://x.example/@bob @alice": ["alice"],
    "https://x.example/a\uff0c@bob": ["bob"],
    "<https://x.example/>@bob": ["bob"],
    "x.example/@bob": [],
    "ssh://git@bob/": [],
    "and/@bob": ["bob"],
    "://@bob": ["bob"],
}


def test_who_is_named():
    alice, bob, *others = people(*NAMES)
    person("stranger")
    made = room(alice, bob, *others)
    by_id = dict(Membership.objects.values_list("user_id", "user__username"))
    found = {body: [by_id[user_id] for user_id in say(bob, made, body).mentions] for body in SAID}
    # SQLite knows the small forms of a to z only.
    assert found == SAID | ({"@ж": []} if connection.vendor == "sqlite" else {})


def test_a_mention_is_told_and_listed():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, carol)
    with heard(made, "message.created") as events:
        said = say(alice, made, "@bob and @Carol")
    assert said.mentions == [bob, carol]
    assert events == [as_told(said)]
    assert messages.get(user_id=bob, room_id=made, message_id=said.id) == said
    latest = say(carol, made, "again @bob")
    assert [mentions.to_wire(row) for row in mentions.list_mentions(user_id=bob)] == [latest, said]
    assert of(carol) == ["@bob and @Carol"]
    assert of(alice) == []


def test_who_names_themselves_is_not_called():
    (alice,) = people("alice")
    made = room(alice)
    assert say(alice, made, "I, @alice").mentions == [alice]
    assert of(alice) == []
    assert rooms.get(user_id=alice, room_id=made).mention_count == 0


def test_only_who_is_a_member_then_is_named():
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    early = say(alice, made, "@bob?")
    assert early.mentions == []
    members.join(user_id=bob, room_id=made)
    say(alice, made, "@bob!")
    members.leave(user_id=bob, room_id=made)
    assert say(alice, made, "@bob...").mentions == []
    assert of(bob) == ["@bob!"]
    assert messages.get(user_id=alice, room_id=made, message_id=early.id).mentions == []


def test_a_mention_is_of_one_room():
    alice, bob, carol = people("alice", "bob", "carol")
    here, there = room(alice, bob), room(alice, carol)
    with_both = [say(alice, each, "@bob @carol").mentions for each in (here, there)]
    assert with_both == [[bob], [carol]]


def test_one_sees_mentions_where_one_may_read():
    alice, bob = people("alice", "bob")
    public, private, banned, gone = (
        room(alice, bob, kind=kind, name=name)
        for kind, name in [("public", "p"), ("private", "q"), ("public", "b"), ("private", "g")]
    )
    for made in (public, private, banned, gone):
        say(alice, made, f"@bob {made}")
    members.leave(user_id=bob, room_id=public)
    members.leave(user_id=bob, room_id=private)
    bans.ban(actor_id=alice, room_id=banned, user_id=bob)
    rooms.delete(actor_id=alice, room_id=gone)
    assert of(bob) == [f"@bob {public}"]
    members.add(actor_id=alice, room_id=private, user_id=bob)
    assert of(bob) == [f"@bob {private}", f"@bob {public}"]


def test_an_edit_names_whom_it_names_now():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, carol)
    said = say(alice, made, "@bob")

    def edit(body):
        return edits.edit(actor_id=alice, room_id=made, message_id=said.id, body=body).mentions

    assert edit("@carol @bob") == [carol, bob]
    assert (of(bob), of(carol)) == (["@carol @bob"], ["@carol @bob"])
    assert edit("@carol") == [carol]
    assert (of(bob), of(carol)) == ([], ["@carol"])
    assert edit("nobody") == []
    assert not Mention.objects.exists()
    assert told(made)[-1]["data"]["mentions"] == []


def test_so_many_are_named(settings):
    settings.MENTIONS_PER_MESSAGE = 3
    alice, *others = people("alice", "b", "c", "d", "e")
    made = room(alice, *others)
    said = say(alice, made, "@nobody @b @noone @c @b @d @e")
    assert said.mentions == others[:3]
    assert set(Mention.objects.values_list("user_id", flat=True)) == set(others[:3])

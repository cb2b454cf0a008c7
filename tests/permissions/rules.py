"""The words that the table is written in: who somebody is to a room, what state it is in, and what becomes of what
they ask."""

from dataclasses import dataclass, replace

MEMBERS_OF = ("owner", "moderator", "member", "muted")
GUESTS = ("ex_member", "stranger")
ROLES = (*MEMBERS_OF, *GUESTS, "banned", "anonymous")


@dataclass(frozen=True)
class Setting:
    """`roles` are those of whom something is to be learnt there."""

    kind: str
    archived: bool = False
    deleted: bool = False
    roles: tuple[str, ...] = ROLES

    def shows_itself_to(self, role: str) -> bool:
        """Whether this person may know that the room is there."""
        if self.deleted:
            return False
        return role in MEMBERS_OF or (self.kind == "public" and role in GUESTS)


SETTINGS = {
    "public": Setting("public"),
    # Who is nobody is asked for their name before anything else, wherever they ask.
    "private": Setting("private", roles=(*MEMBERS_OF, *GUESTS, "banned")),
    # Of the two both are members.
    "direct": Setting("direct", roles=("member", "stranger")),
    "archived": Setting("public", archived=True, roles=(*MEMBERS_OF, "stranger", "banned")),
    "deleted": Setting("public", deleted=True, roles=("owner", "member", "stranger")),
}


@dataclass(frozen=True)
class Rule:
    """`usual` has a word for each of owner, moderator, member, muted member, and guest: somebody who is no member of a
    public room. `private` and `archived` say the same of such rooms, where it is different; `direct` is for either of
    the two. `hidden` is the answer where there is no room that one may know of."""

    usual: str
    private: str = ""
    archived: str = ""
    direct: str = ""
    hidden: str = "not_found"
    anonymous: str = "unauthenticated"

    def outcome(self, role: str, setting: Setting) -> str:
        if role == "anonymous":
            return self.anonymous
        if not setting.shows_itself_to(role):
            return self.hidden
        if setting.kind == "direct" and self.direct:
            return self.direct
        said = self.archived if setting.archived else self.private if setting.kind == "private" else ""
        words = (said or self.usual).split()
        return words[MEMBERS_OF.index(role)] if role in MEMBERS_OF else words[-1]

    def when_ok(self, outcome: str) -> "Rule":
        """The same, for what could not succeed: this is what those are told who may."""
        said = ("usual", "private", "archived", "direct")
        return replace(self, **{name: getattr(self, name).replace("ok", outcome) for name in said})


# fmt: off
#                   owner     moderator member    muted     guest
READERS     = Rule("ok        ok        ok        ok        ok")
MEMBERS     = Rule("ok        ok        ok        ok        not_a_member")
WRITERS     = Rule("ok        ok        ok        muted     not_a_member",
          archived="archived  archived  archived  archived  not_a_member")
AUTHORS     = Rule("forbidden forbidden forbidden muted     not_a_member",  # of somebody else's message
          archived="archived  archived  archived  archived  not_a_member")
MANAGERS    = Rule("ok        ok        forbidden forbidden not_a_member", direct="forbidden")
CHANGERS    = Rule("ok        ok        forbidden forbidden not_a_member", direct="forbidden",
          archived="archived  archived  forbidden forbidden not_a_member")
OWNERS      = Rule("ok        forbidden forbidden forbidden not_a_member", direct="forbidden")
ENTERING    = Rule("ok        ok        ok        ok        ok",
          archived="ok        ok        ok        ok        archived")
LEAVING     = Rule("ok        ok        ok        ok        not_a_member", direct="forbidden")
# Events of the app's own: by the room's `custom_events`, which is the moderator unless said.
SENDERS     = Rule("ok        ok        forbidden muted     not_a_member", direct="forbidden",
          archived="archived  archived  archived  archived  not_a_member")
OWN_SENDERS = Rule("ok        forbidden forbidden muted     not_a_member", direct="forbidden",
          archived="archived  archived  archived  archived  not_a_member")

# What is nobody's room: whoever is signed in may.
SIGNED_IN   = Rule("ok        ok        ok        ok        ok", hidden="ok")
ANYBODY     = Rule("ok        ok        ok        ok        ok", hidden="ok", anonymous="ok")

# Who is told of the room, where nobody asked for it by its id.
DISCOVERING = Rule("ok        ok        ok        ok        ok", direct="no",
           private="no        no        no        no        no",
          archived="no        no        no        no        no")
# fmt: on

"""Mentions in a text: where `@username` stands, and which names each mention may mean.

Languages differ in what may stand next to a name. Where words are separated by spaces, a letter before "@" makes an
e-mail address, and a letter after a name makes another name. Chinese, Japanese, Thai and others do not separate words:
there a name may begin and end between any two letters.
"""

import re
import unicodedata

from django.conf import settings

from accounts.models import User

_NAME_MAX: int = User._meta.get_field("username").max_length or 0
_AT = re.compile("[@\uff20]")
# Latin, Greek, Cyrillic, Armenian and Georgian, with their accents; ASCII digits.
_ALPHABETS = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u058f\u10a0-\u10ff\u1c80-\u1cbf\u1d00-\u1fff"
    "\u2c00-\u2d2f\u2de0-\u2dff\ua640-\ua69f\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb17\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
)
# Thai, Lao, Tibetan, Burmese, Khmer, Chinese, Japanese and their like; Korean, which appends particles to names.
_CONTINUOUS = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u1aaf\u2e80-\ua4cf\ua960-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff"
    "\uff66-\uffdc\U00016fe0-\U0001b2ff\U00020000-\U0003ffff"
)
# Accents and vowel signs, which belong to the letter before them.
_MARKS = "".join(
    letter
    for letter in map(chr, (*range(0x300, 0x3100), *range(0xA66F, 0xAC00), 0xFB1E, *range(0xFE20, 0xFE30)))
    if unicodedata.category(letter).startswith("M")
)
_URL = (
    r"(?<![A-Za-z0-9@._+-])(?:[A-Za-z][A-Za-z0-9+.-]*://|(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}/)[^\s<>\")\u0080-\U0010ffff]*"
)
_PLACE = re.compile(rf"{_URL}|(?<![{_ALPHABETS}@\uff20])(?<![{_ALPHABETS}][.+-]){_AT.pattern}([\w.+\-{_MARKS}]+)")
# Between two letters of a run, where a name may end.
_END = re.compile(
    rf"(?![{_MARKS}])(?:(?<=[{_CONTINUOUS}])|(?=[{_CONTINUOUS}])"
    rf"|(?<=[{_ALPHABETS}])(?=[^{_ALPHABETS}.+-])|(?<=[^{_ALPHABETS}.+-])(?=[{_ALPHABETS}]))"
)
_ENDS_MAX = 16
_JOINED = re.compile(rf"[\w{_MARKS}]")
_DOMAIN_LABEL = re.compile(r"\.(?=\w)")
# What follows a name in a sentence may look like a part of it: "@bob." means bob, unless somebody is called "bob.".
_TRAILING = ".+-"
_TRAILING_MAX = 3
# Names to look up, for each mention that counts.
_NAMES_PER_MENTION = 8


def candidates(body: str) -> list[list[str]]:
    """Return the names that each mention may mean, the longest first.

    The numbers of mentions and of names are bounded by MENTIONS_PER_MESSAGE. URLs and e-mail addresses mention no
    users.
    """
    if not _AT.search(body):
        return []
    most = settings.MENTIONS_PER_MESSAGE
    found: list[list[str]] = []
    count = 0
    for match in _PLACE.finditer(body):
        names = _names(match[1], joined=_is_joined(body, match.start())) if match[1] else []
        if names:
            found.append(names)
            count += len(names)
        if len(found) == 2 * most or count >= _NAMES_PER_MENTION * most:
            break
    return found


def _is_joined(body: str, start: int) -> bool:
    """Whether a letter of an unseparated script stands right before the "@", which may begin a mention then."""
    return start > 0 and _JOINED.match(body, start - 1) is not None


def _names(run: str, *, joined: bool) -> list[str]:
    """Return the names that may begin a run of letters. `joined`: an end before the last label of a domain name is
    none, since the run may be the domain of an international e-mail address."""
    beginning = run[: _NAME_MAX + _TRAILING_MAX + 1]
    inner = [match.start() for match in _END.finditer(beginning, 1)][:_ENDS_MAX]
    least = max((match.end() for match in _DOMAIN_LABEL.finditer(run)), default=0) if joined else 0
    ends = {end for last in (*inner, len(run)) for end in _bare_ends(run, last) if end > least}
    names = (unicodedata.normalize("NFKC", run[:end]) for end in sorted(ends, reverse=True) if end <= _NAME_MAX)
    return list(dict.fromkeys(names))


def _bare_ends(run: str, last: int) -> range:
    bare = last
    while bare and run[bare - 1] in _TRAILING:
        bare -= 1
    return range(max(bare, 1), min(last, bare + _TRAILING_MAX) + 1)

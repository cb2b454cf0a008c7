"""Invisible characters. They must not make two names that look alike, nor a text that looks empty.

The ranges are the property Default_Ignorable_Code_Point of Unicode 17.0 (DerivedCoreProperties.txt): joiners, controls
of direction, variation selectors, tags, and the Hangul fillers, which are letters by their category. Python's
unicodedata does not have this property.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError

_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Not ignorable, but drawn as nothing: annotation marks, the Braille pattern without dots, the null notehead, the
# Khitan filler and two blank hieroglyphs.
_BLANK = "\u2800\ufff9-\ufffb\U0001d159\U00016fe4\U00013441\U00013442"
_INVISIBLE = re.compile(f"[{_IGNORABLE}{_BLANK}]")
# Controls, and marks that are drawn onto the preceding character.
_EMPTY = {"Cc", "Mn", "Me"}


def is_blank(text: str) -> bool:
    """Return whether `text` shows nothing: only spaces, controls, invisible characters and accents without a letter."""
    return all(map(_shows_nothing, text))


def validate_visible(text: str) -> None:
    """Refuse a text with an invisible character. Raises Django's ValidationError, which names the character."""
    found = _INVISIBLE.search(text)
    if found:
        raise ValidationError(f"Leave out U+{ord(found[0]):04X}: it shows nothing.")


def has_invisible(text: str) -> bool:
    return _INVISIBLE.search(text) is not None


def _shows_nothing(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in _EMPTY or has_invisible(letter)

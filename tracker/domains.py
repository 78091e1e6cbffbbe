"""How the project writes a host's name: in ASCII and lower case, as browsers send it; and how people read it.

Names beyond ASCII go by UTS 46, non-transitional, as browsers do it: ß, final ς and joiners stay what they are, while
IDNA 2003, which Python's own codec is, makes another owner's name of them.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna

ENCODED: Final = "xn--"
"""What a label in ASCII begins with that stands for other letters."""
_WRITTEN_TOGETHER: Final = (
    {"LATIN", "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "HANGUL"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "MIDDLE"},
    {"ARABIC", "EXTENDED"},  # Persian digits.
)
"""Scripts of one label, as names of characters begin: UTS 39, 5.2, "highly restrictive"; the point in `col·lecció`."""
_LIKE_LATIN: Final = frozenset("аысԁеԍһіюјӏорԗԛѕԝхуъьҽпгѵѡαγηικνορτυχωϲϳ")
"""Letters of Cyrillic and Greek that look like Latin ones."""
_LIKE_SLASH: Final = re.compile("[a-z0-9-][ソゾノン][a-z0-9-]")
"""Katakana that look like a slash where nothing Japanese stands beside them."""


def ascii_host(host: str) -> str | None:
    """Return the name, without a last point; None for one that cannot be written so. ASCII is not looked at further."""
    if host.isascii():
        return host.lower().rstrip(".")
    try:
        return idna.encode(host, uts46=True, transitional=False).decode().lower().rstrip(".")
    except idna.InvalidCodepointContext:
        return None
    except idna.InvalidCodepoint:
        return _of_symbols(host)
    except (idna.IDNAError, UnicodeError):
        return None


@lru_cache(4096)
def readable_host(host: str) -> str:
    """Return the name in the letters that it stands for: `münchen.example` of `xn--mnchen-3ya.example`.

    Only letters of IDNA 2008, and only where `ascii_host` makes the same name of them again: a symbol may look like a
    slash, and what is no such name stays as it is, as does a label that may be taken for another one. Not all that look
    alike are known here: beside it belongs the name in ASCII.
    """
    if ENCODED not in host:
        return host
    labels = host.split(".")
    is_below_ascii = not labels[-1].startswith(ENCODED)
    readable = ".".join(_readable_label(label, is_below_ascii=is_below_ascii) for label in labels)
    return readable if ascii_host(readable) == host else host


def _readable_label(label: str, *, is_below_ascii: bool) -> str:
    if not label.startswith(ENCODED):
        return label
    try:
        readable = idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label
    return label if _looks_like_another(readable, is_below_ascii=is_below_ascii) else readable


def _looks_like_another(label: str, *, is_below_ascii: bool) -> bool:
    """Return whether browsers, too, show such a label in ASCII: one of several scripts, or all of it like Latin.

    A simple form of what Chromium and Firefox publish ("IDN in Google Chrome"; UTS 39). Under a top-level domain of
    other letters nobody expects a Latin name.
    """
    letters = {character for character in label if not character.isascii() or character.isalpha()}
    scripts = {re.split("[ -]", unicodedata.name(letter, ""))[0] for letter in letters}
    is_mixed = len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER)
    return is_mixed or (is_below_ascii and letters <= _LIKE_LATIN) or _LIKE_SLASH.search(label) is not None


def _of_symbols(host: str) -> str | None:
    """Return a name with symbols, such as an emoji.

    UTS 46 and browsers take them, the letters of IDNA 2008 leave them out.
    """
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError):
        return None
    labels = [
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
        for label in mapped.rstrip(".").split(".")
    ]
    return ".".join(labels).lower() if all(labels) else None

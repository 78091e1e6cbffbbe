"""How the project writes a host's name: in ASCII and lower case, as browsers send it; and how people read it.

Names beyond ASCII go by UTS 46, non-transitional, as browsers do it: ß, final ς and joiners stay what they are, while
IDNA 2003, which Python's own codec is, makes another owner's name of them.
"""

from functools import lru_cache
from typing import Final

import idna

_ENCODED: Final = "xn--"


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
    slash, and what is no such name stays as it is. Letters of several scripts look alike: beside it belongs the name
    in ASCII.
    """
    if _ENCODED not in host:
        return host
    readable = ".".join(_readable_label(label) for label in host.split("."))
    return readable if ascii_host(readable) == host else host


def _readable_label(label: str) -> str:
    if not label.startswith(_ENCODED):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


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

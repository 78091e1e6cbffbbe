"""Texts from HTTP headers: any bytes may come, a clean text goes on.

WSGI hands header values over as ISO 8859-1 (PEP 3333); browsers and log shippers send UTF-8.
"""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def clean(value: str | None, longest: int) -> str | None:
    """Return the value as UTF-8 without control characters, at most `longest` characters; None for nothing.

    Bytes that are no UTF-8 become U+FFFD: an odd header never costs a hit.
    """
    if not value:
        return None
    if not value.isascii():
        value = value.encode("latin-1", "replace").decode("utf-8", "replace")
    if not value.isprintable():
        value = _CONTROL.sub("", value)
    return value[:longest].strip() or None

"""Lines of PostgreSQL's COPY text format, made here because it is twice as fast as adapting value by value."""

import re

NULL = r"\N"
_SPECIAL = re.compile(r"[\\\t\n\r]").search
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def field(value: str | None) -> str:
    """One field: NULL for None, and the four characters that mean something to COPY escaped."""
    if value is None:
        return NULL
    return value.translate(_ESCAPES) if _SPECIAL(value) else value


def json_field(text: str) -> str:
    """A field that holds JSON: of the four only the backslash can occur in it."""
    return text.replace("\\", "\\\\") if "\\" in text else text

"""Lines of PostgreSQL's COPY text format, for rows whose fields are at hand as text."""

import re

NULL = r"\N"
_SPECIAL = re.compile(r"[\\\t\n\r]").search
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def field(value: str | None) -> str:
    """One field: NULL for None, and the four characters that mean something to COPY escaped."""
    if value is None:
        return NULL
    return value.translate(_ESCAPES) if _SPECIAL(value) else value

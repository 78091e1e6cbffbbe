"""Parts of which the formats of lines are put together: what stands before the request, the answer, the headers."""

from typing import Final

from tracker.importing.line_format import FIELD, QUOTED

HEAD: Final = rf"(?P<address>{FIELD['address']}) (?:-|[A-Za-z0-9_]+) (?P<user>{FIELD['user']}) "
DAY: Final = r"\d{1,2}/[A-Za-z]{3}/\d{4}"
CLOCK: Final = r"\d{2}:\d{2}:\d{2}"
FRACTION: Final = r"(?:[.,]\d{1,9})?"
ISO_TIME: Final = rf"\d{{4}}-\d\d-\d\d[T ]{CLOCK}{FRACTION}"
TIME: Final = (
    rf"(?P<time>\[(?:{DAY}:{CLOCK}(?:\.\d{{1,9}})? (?:[+-]\d\d[:-]?\d\d|[A-Z]{{3,5}})|[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} {CLOCK} GMT"
    rf"|{ISO_TIME} ?(?:Z|[+-]\d\d:?\d\d))\])"
)
"""WEBrick writes the name of a time zone, others a time of ISO 8601 in the place of the usual one.

One with two signs in its offset can be read where `--timezone` overrides it.
"""
TIME_WITHOUT_OFFSET: Final = rf"(?P<time>\[{DAY}[: ]{CLOCK}\])"
NAME: Final = r"(?:(?:[A-Za-z0-9][A-Za-z0-9_-]*\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?|localhost)\.?(?::\d{1,5})?"
PLAIN_ADDRESS: Final = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)"
PEER: Final = r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\]?)"
"""Where a port stands behind it."""
COLOUR: Final = r"(?:\x1b\[[\d;]*m)*+"


def answer(quoted: str = QUOTED) -> str:
    """Return the pattern of a request line, a status and a number of bytes. Pantheon's nginx has two blanks before it."""
    return rf'  ?"(?P<request>{quoted})" (?P<status>\d{{3}}|-|0) (?P<bytes>\d{{1,18}}|-)'


def referrer_and_agent(quoted: str = QUOTED) -> str:
    """Return the pattern of the two headers of the combined format."""
    return rf' "(?P<referrer>{quoted})" "(?P<user_agent>{quoted})"'

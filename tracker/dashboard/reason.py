"""Why something failed, as operators may read it: never the values that a reason quotes."""

import re
from typing import Final

_MAX_LENGTH: Final = 400
_QUOTED: Final = re.compile(
    # What is quoted may hold quotes itself: from the first one to the last, or to the end where the last is cut off.
    r"\"[^\"]*(?:\"[^\"]*\"[^\"]*)*$|\".*\"|'[^']*'|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|[0-9a-f:]{0,39}::[0-9a-f:.]{0,39}|\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}\b",
    re.IGNORECASE | re.DOTALL,
)


def without_values(reason: str | None) -> str:
    """Return a reason without what it quotes: values are visitors' data."""
    return _QUOTED.sub("\N{HORIZONTAL ELLIPSIS}", reason or "")[:_MAX_LENGTH]

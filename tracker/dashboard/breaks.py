"""Where a name that machines gave may end a line: behind its signs, not within its words."""

import re
from typing import Final

from markupsafe import Markup

_BEHIND_SIGNS: Final = re.compile(r"(?<=[/._:?&=])(?=[^/._:?&=])")


def breakable(text: str) -> Markup:
    """Return a path, a host or a key as HTML, with a place to break behind each sign."""
    return Markup("<wbr>").join(_BEHIND_SIGNS.split(text))

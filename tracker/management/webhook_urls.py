"""What is shown of a webhook's URL: many receivers want a key in it."""

import re
from typing import Final
from urllib.parse import urlsplit

_LIKE_A_KEY: Final = re.compile(r"\A(?=.*[0-9A-Z])(.{4}).{12,}")
"""A part of a URL's path that may be one: chat services put a long random text there. Its beginning tells it apart."""


def place_of(url: str) -> str:
    """Return where a webhook leads, without credentials, query, and long parts of the path that look like a key."""
    split = urlsplit(url)
    path = "/".join(_LIKE_A_KEY.sub(r"\1…", part) for part in split.path.split("/"))
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{path}"

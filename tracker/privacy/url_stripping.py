"""Taking parameters that are nobody's business, such as tokens and addresses, out of a URL."""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from urllib.parse import unquote_plus

_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*@")
_IN_PATH = re.compile(r";[^/;]*")
_INNERMOST = re.compile(r"[^\[\].?]+")
_MAX_KEPT = 300
"""Characters of an address that is worth remembering."""
_NESTED = 3
"""How deep addresses within addresses are looked for."""


@lru_cache(maxsize=16)
def stripping(names: frozenset[str]) -> Callable[[str], str]:
    """Return what takes the parameters that `names` (in lower case) name out of a URL: of its path, query and fragment.

    `user[email]` and `user.email` are named by `email` too, and a parameter that is itself an address with such a
    parameter goes whole. So does, with any names, a user and password before the host. What is left keeps its
    spelling: nothing is decoded and written anew.

    Pages that many hits name are kept, by their address alone, which takes half the time that names beside it take;
    an installation has few sets of names.
    """
    if not names:
        return str
    strip = partial(_strip, names=names, depth=_NESTED)
    kept = lru_cache(maxsize=2048)(strip)
    return lambda url: kept(url) if len(url) <= _MAX_KEPT else strip(url)


def _strip(url: str, names: frozenset[str], depth: int) -> str:
    if "@" in url:
        url = _USER.sub(r"\1//", url)
    # Most addresses have none of these, and cost no more than the looks.
    if "?" not in url and "#" not in url and ";" not in url:
        return url
    beginning, hash_, fragment = url.partition("#")
    path, mark, query = beginning.partition("?")
    if ";" in path:
        path = _IN_PATH.sub(lambda match: "" if _is_named(match[0][1:], names, depth) else match[0], path)
    kept = _without(query, names, depth)
    if kept or not query:
        path += mark + kept
    if "=" in fragment:
        # Parameters (`#access_token=…`, as OAuth 2.0 puts it) or a route with some (`#/a?token=…`).
        route, mark, inner = fragment.rpartition("?")
        inner = _without(inner, names, depth)
        fragment = f"{route}{mark}{inner}" if inner else route
        hash_ = "#" if fragment else ""
    return path + hash_ + fragment


def _without(query: str, names: frozenset[str], depth: int) -> str:
    parts = query.split("&")
    kept = [part for part in parts if not _is_named(part, names, depth)]
    return query if len(kept) == len(parts) else "&".join(kept)


def _is_named(part: str, names: frozenset[str], depth: int) -> bool:
    """Return whether a parameter, `name=value` as the URL spells it, is to go."""
    name, _, value = part.partition("=")
    name = name.lower()
    if name in names:
        return True
    if ";" in part:
        # Some sites part their parameters by semicolons (HTML 4.01, B.2.2).
        return any(_is_named(name, names, depth) for name in part.split(";"))
    if not name.isalnum():
        # Not a plain word: escaped or nested.
        name = unquote_plus(name, errors="replace").lower()
        pieces = _INNERMOST.findall(name)
        if name.strip() in names or (pieces and pieces[-1].strip() in names):
            return True
    return depth > 0 and ("%" in value or "?" in value) and _holds_named(value, names, depth)


def _holds_named(value: str, names: frozenset[str], depth: int) -> bool:
    address = unquote_plus(value, errors="replace")
    if _strip(address, names, depth - 1) != address:
        return True
    # Escaped more than once, as an address is that has passed through several others.
    return depth > 1 and "%" in address and address != value and _holds_named(address, names, depth - 1)

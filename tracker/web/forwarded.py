"""The header `Forwarded` (RFC 7239), read from its right end: there one's own proxies have written."""

import re

_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# Beyond the grammar, `[`, `]` and `:` pass in a bare value: some proxies quote neither an IPv6 address nor a port.
_PAIR = re.compile(rf"[ \t]*({_NAME})=([!#$%&'*+\-.^_`|~0-9A-Za-z:\[\]]+|{_QUOTED})[ \t]*")
_ESCAPED = re.compile(r"\\(.)")
_MAX_COMMAS_IN_AN_ELEMENT = 8


def elements_from_the_right(header: str, limit: int) -> list[dict[str, str]]:
    """Return the last `limit` elements of the header, the last one first; names in lower case, quotes taken away.

    An element is the shortest end of the text that reads as one. What a client puts left of it, an open quote for
    instance, cannot reach into it. Reading stops at what is no element: everything left of that is hearsay.
    """
    elements: list[dict[str, str]] = []
    rest = header
    while rest.strip() and len(elements) < limit:
        at = len(rest)
        for _ in range(_MAX_COMMAS_IN_AN_ELEMENT):
            at = rest.rfind(",", 0, at)
            element = _element(rest[at + 1 :])
            if element is not None or at < 0:
                break
        if element is None:
            break
        elements.append(element)
        rest = rest[: max(0, at)]
    return elements


def _element(text: str) -> dict[str, str] | None:
    """Return the pairs of one element, or None where the text is none: RFC 7239, 4, also allows no name twice."""
    pairs: dict[str, str] = {}
    at = 0
    while match := _PAIR.match(text, at):
        name, value = match[1].lower(), match[2]
        if name in pairs:
            return None
        pairs[name] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        at = match.end()
        if at == len(text):
            return pairs
        if text[at] != ";":
            return None
        at += 1
    return None if text[at:].strip(" \t;") else pairs

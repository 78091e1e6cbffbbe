# ruff: noqa: ANN401 - a JSON value is anything
"""What the values of a hit may be, whoever sends them, so that nothing that is taken can fail later for its form.

RFC 8259 leaves room for texts that parsers, PostgreSQL's JSONB or a browser read differently. Refused are: nesting over
20 levels, numbers that a double does not hold exactly as an integer (beyond ±(2^53-1), I-JSON, RFC 7493 section 2.2),
NUL (JSONB has none) and lone surrogates (UTF-8 has none). Of duplicate keys the last wins.
"""

from collections.abc import Iterator
from typing import Any

MAX_IDENTIFIER_LENGTHS = {"client_sub_id": 100, "module_id": 100, "session_id": 100, "event_name": 100}
"""Characters of texts that name something, by column: a longer one is refused, since a cut name is another name."""
MAX_DESCRIPTION_LENGTHS = {
    "url": 8192,
    "referrer": 8192,
    "user_agent": 2000,
    "screen_resolution": 20,
    "language": 10,
    "timezone": 50,
}
"""Characters of texts that describe, by column: a longer one is cut, since most of it is better than no hit."""
MAX_PARAMETER_KEY_LENGTH = 100
MAX_DEPTH = 20
MAX_INTEGER = 2**53 - 1
"""Up to here, in both directions, a double holds every whole number exactly, and JavaScript has nothing but doubles."""

TOO_LARGE = "The number is beyond ±(2^53-1)."
TOO_DEEP = f"Nests more than {MAX_DEPTH} levels."


class NoValue:
    """Stands for what is no JSON value, in a text that was read only to name the field at fault."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def is_plain(value: Any, depth: int) -> bool:
    """Return whether depth and numbers are in order: level by level, without paths.

    The usual case costs a microsecond.
    """
    level = [value]
    for _ in range(depth):
        deeper: list[Any] = []
        for container in level:
            for item in container.values() if type(container) is dict else container:
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    deeper.append(item)
                elif (kind is int or kind is float) and not -MAX_INTEGER <= item <= MAX_INTEGER:
                    return False
        if not deeper:
            return True
        level = deeper
    return False


def faults(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every breach with its path, in no particular order. Iterative: the text may nest deeper than Python's stack."""
    stack = [(value, path, depth)]
    while stack:
        item, here, levels = stack.pop()
        if not isinstance(item, dict | list):
            if reason := _fault_of_scalar(item):
                yield here, reason
        elif levels == 0:
            yield here, TOO_DEEP
        elif isinstance(item, list):
            stack.extend((below, f"{here}[{index}]", levels - 1) for index, below in enumerate(item))
        else:
            for key, below in item.items():
                there = f"{here}.{key}" if here else key
                if reason := _fault_of_text(key):
                    yield there, reason
                stack.append((below, there, levels - 1))


def _fault_of_scalar(item: object) -> str | None:
    if isinstance(item, str):
        return _fault_of_text(item)
    if isinstance(item, NoValue):
        return item.reason
    if isinstance(item, int | float) and not -MAX_INTEGER <= item <= MAX_INTEGER:
        return TOO_LARGE
    return None


def _fault_of_text(text: str) -> str | None:
    if "\x00" in text:
        return "Holds the character NUL."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Is not valid Unicode: it holds a lone surrogate or is not UTF-8."
    return None

# ruff: noqa: ANN401 - a JSON value is anything
"""What JSON is taken, whoever sends it, so that nothing that is taken can fail later for its form.

JSON to the letter (no `NaN`, no `Infinity`); RFC 8259 leaves room for texts that parsers, PostgreSQL's JSONB or a
browser read differently. Refused are: nesting over 20 levels, numbers that a double does not hold exactly as an integer
(beyond ±(2^53-1), I-JSON, RFC 7493 section 2.2), NUL (JSONB has none) and lone surrogates (UTF-8 has none). Of
duplicate keys the last wins.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from tracker.errors import Refused

MAX_DEPTH = 20
MAX_INTEGER = 2**53 - 1
"""Up to here, in both directions, a double holds every whole number exactly, and JavaScript has nothing but doubles."""

TOO_LARGE = "The number is beyond ±(2^53-1)."
TOO_DEEP = f"Nests more than {MAX_DEPTH} levels."
_MAX_INTEGER_LENGTH = 17
"""Characters, sign included, of the longest integer that may be safe; Python takes long over converting longer ones."""
_MAX_PATH_LENGTH = 200


class NoValue:
    """Stands for what is no JSON value, in a text that was read only to name the field at fault."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value and whether its texts have to be looked at: `orjson` lets through nothing worse than NUL."""

    value: Any
    suspicious: bool


def refusal(path: str, reason: str) -> Refused:
    """Return the 400 that says what is wrong with the field at `path`, such as `custom_params.sizes[2]`."""
    named = path[:_MAX_PATH_LENGTH].encode("utf-8", "replace").decode()
    return Refused("VALIDATION_ERROR", 400, f"{named}: {reason}", details={named: [reason]})


def may_hold_nul(text: bytes) -> bool:
    """Return whether a JSON text may spell NUL. Hardly any has a backslash, which is found in a tenth of the time."""
    return b"\\" in text and b"\\u0000" in text


def parse(text: bytes, *, name: str = "body") -> Parsed:
    """Return the value of a JSON text called `name`. It still has to pass `check`.

    Raises Refused where it is not JSON.
    """
    try:
        return Parsed(orjson.loads(text), may_hold_nul(text))
    except orjson.JSONDecodeError:
        return Parsed(_parse_leniently(text, name), suspicious=True)


def check(value: Any, *, suspicious: bool, path: str = "", depth: int = MAX_DEPTH) -> None:
    """Hold a parsed dict or list to the rules; Refused names the field below `path` that breaks one.

    `depth` is how many levels it may have, its own counted.
    """
    if suspicious or not is_plain(value, depth):
        for fault_path, reason in faults(value, path, depth):
            raise refusal(fault_path or "body", reason)


def _parse_leniently(text: bytes, name: str) -> Any:
    """Parse what `orjson` refused, so that the field at fault can be named; what has no form at all is refused here."""
    try:
        return json.loads(
            text.decode("utf-8", "surrogateescape"),
            parse_constant=lambda word: NoValue(f"{word} is not JSON."),
            parse_int=lambda digits: int(digits) if len(digits) <= _MAX_INTEGER_LENGTH else NoValue(TOO_LARGE),
        )
    except RecursionError as error:
        raise refusal(name, TOO_DEEP) from error
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise refusal(name, f"Is not JSON{where}.") from error


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


def nests_over(value: Any, depth: int) -> bool:
    """Return whether a parsed value has more levels than `depth`: level by level, so that any depth can be asked."""
    level = [value]
    for _ in range(depth + 1):
        containers = [item for item in level if type(item) is dict or type(item) is list]
        if not containers:
            return False
        level = [item for one in containers for item in (one.values() if type(one) is dict else one)]
    return True


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

# ruff: noqa: ANN401 - a JSON value is anything
"""What JSON a request may hold: JSON to the letter (no `NaN`, no `Infinity`), and what `tracker.hit_values` says."""

import json
from dataclasses import dataclass
from typing import Any

import orjson

from tracker.errors import Refused
from tracker.hit_values import MAX_DEPTH, TOO_DEEP, TOO_LARGE, NoValue, faults, is_plain

_MAX_INTEGER_LENGTH = 17
"""Characters, sign included, of the longest integer that may be safe; Python takes long over converting longer ones."""
_MAX_PATH_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON value and whether its texts have to be looked at: `orjson` lets through nothing worse than NUL."""

    value: Any
    suspicious: bool


def refusal(path: str, reason: str) -> Refused:
    """Return the 400 that says what is wrong with the field at `path`, such as `custom_params.sizes[2]`."""
    named = path[:_MAX_PATH_LENGTH].encode("utf-8", "replace").decode()
    return Refused("VALIDATION_ERROR", 400, f"{named}: {reason}", details={named: [reason]})


def parse(text: bytes, *, name: str = "body") -> Parsed:
    """Return the value of a JSON text called `name`. It still has to pass `check`.

    Raises Refused where it is not JSON.
    """
    try:
        return Parsed(orjson.loads(text), b"\\u0000" in text)
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

"""The parameter definitions that ship with the product (decision 0015), as data beside this file."""

from pathlib import Path
from typing import Any

import orjson

from tracker.errors import not_found

_FOLDER = Path(__file__).with_name("presets")
NAMES = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def preset(name: str) -> list[dict[str, Any]]:
    """Return the definitions of a preset: key, name, type and description each.

    Raises Refused for a name that is none.
    """
    if name not in NAMES:
        raise not_found(f"There is no preset {name!r}: there are {' and '.join(NAMES)}.")
    definitions: list[dict[str, Any]] = orjson.loads(_FOLDER.joinpath(f"{name}.json").read_bytes())
    return definitions

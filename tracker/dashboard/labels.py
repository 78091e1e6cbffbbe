"""What the values of reports are called in the reader's language: countries, languages, devices and the like.

Countries and languages are named as Unicode's CLDR has them, in `texts/names.json`, which `tools/names.py` makes. A
value that nobody has named is shown as it is.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tracker.dashboard.wording import Language, Words
from tracker.domains import ascii_host, readable_host

_FILE: Final = Path(__file__).parent / "texts" / "names.json"
_NAMED: Final = ("country", "language")
_TOLD: Final = ("channel", "device", "screen")
OF_HOSTS: Final = ("referrer", "source")
"""Dimensions whose values are hosts, or begin with one."""
IN_WORDS: Final = (*_NAMED, *_TOLD)
"""Dimensions whose values are shown in the reader's words, not as they are stored."""


def label_of(words: Words, dimension: str, value: str) -> str:
    """Return what to show for a value of a dimension."""
    if dimension in _NAMED:
        return _names()[words.language][dimension].get(value, value)
    if dimension in _TOLD:
        return words.known(f"{dimension}.{value}", value)
    if dimension in OF_HOSTS:
        host, slash, path = value.partition("/")
        return readable_host(host) + slash + path
    return value


def full_label_of(words: Words, dimension: str, value: str) -> str:
    """Return what to show for a value that stands alone: with a host in other letters, how it is written in ASCII."""
    label = label_of(words, dimension, value)
    return f"{label} ({value})" if dimension in OF_HOSTS and label != value else label


def value_of(words: Words, dimension: str, text: str) -> str:
    """Return the value of which somebody typed the label, whatever the case; the text itself where there is none."""
    sought = text.casefold()
    if dimension in _NAMED:
        known = _names()[words.language][dimension]
        return next((value for value, label in known.items() if label.casefold() == sought), text)
    if dimension in _TOLD:
        known = words.beginning(f"{dimension}.")
        return next((value for value, label in known.items() if label.casefold() == sought), text)
    if dimension in OF_HOSTS and not text.isascii():
        host, slash, path = text.partition("/")
        return (ascii_host(host) or host) + slash + path
    return text


@cache
def _names() -> Mapping[Language, Mapping[str, Mapping[str, str]]]:
    names: dict[Language, dict[str, dict[str, str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return names

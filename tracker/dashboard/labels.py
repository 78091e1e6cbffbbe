"""What the values of reports are called in the reader's language: countries, languages, devices and the like.

Countries and languages are named as Unicode's CLDR has them, in `texts/names.json`, which `tools/names.py` makes. A
value that nobody has named is shown as it is.
"""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tracker.dashboard.wording import LANGUAGES, Language, Words
from tracker.domains import ascii_host, readable_host
from tracker.reports.dimensions import PARAMETER

_FILE: Final = Path(__file__).parent / "texts" / "names.json"
_NAMED: Final = ("country", "language")
_TOLD: Final = ("channel", "device", "screen")
OF_HOSTS: Final = ("referrer", "source", "host")
"""Dimensions whose values are hosts, or begin with one."""
_EXPLAINED: Final = ("click_id", "status")
"""Dimensions whose values have behind them what they mean."""
_SERVICES: Final = {
    **dict.fromkeys(("gclid", "gbraid", "wbraid"), "Google Ads"),
    "dclid": "Google Display & Video 360",
    "msclkid": "Microsoft Advertising",
    "yclid": "Yandex, Yahoo! JAPAN",
    "fbclid": "Facebook",
    "twclid": "X",
    "ttclid": "TikTok",
    "li_fat_id": "LinkedIn",
    "rdt_cid": "Reddit",
    "sccid": "Snapchat",
    "qclid": "Quora",
    "ldtag_cl": "LINE",
    **dict.fromkeys(("igsh", "igshid"), "Instagram"),
    "srsltid": "Google Shopping",
    **dict.fromkeys(("mc_cid", "mc_eid"), "Mailchimp"),
    "_hsenc": "HubSpot",
    "_kx": "Klaviyo",
    "mkt_tok": "Marketo",
}
"""Whose click ids are, as `tracker.facts.source` knows them."""
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
    if dimension in _EXPLAINED:
        meaning = _SERVICES.get(value) if dimension == "click_id" else _phrase(value)
        return f"{value} ({meaning})" if meaning else value
    return value


def dimension_name(words: Words, dimension: str) -> str:
    """Return what a dimension is called; a custom parameter by its key."""
    if dimension.startswith(PARAMETER):
        return words("filter.parameter", name=dimension.removeprefix(PARAMETER))
    return words(f"filter.{dimension}")


def panel_name(words: Words, name: str) -> str:
    """Return what a panel is called; that of a custom parameter by its key."""
    return name.removeprefix(PARAMETER) if name.startswith(PARAMETER) else words(f"panels.{name}")


def full_label_of(words: Words, dimension: str, value: str) -> str:
    """Return what to show for a value that stands alone: with a host in other letters, how it is written in ASCII."""
    label = label_of(words, dimension, value)
    return f"{label} ({value})" if dimension in OF_HOSTS and label != value else label


def value_of(words: Words, dimension: str, text: str) -> str:
    """Return the value of which somebody typed the label, whatever the case; the text itself where there is none."""
    sought = text.casefold()
    if dimension in IN_WORDS:
        known = _labels(words.language, dimension)
        return next((value for value, label in known.items() if label.casefold() == sought), text)
    if dimension in _EXPLAINED:
        return text.partition(" (")[0]
    if dimension in OF_HOSTS and not text.isascii():
        host, slash, path = text.partition("/")
        return (ascii_host(host) or host) + slash + path
    return text


def _phrase(status: str) -> str | None:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return None


@lru_cache(256)
def values_with(dimension: str, text: str) -> tuple[str, ...]:
    """Return the values that somebody calls by a name with this text in it, in any language and case."""
    sought = text.casefold()
    values = {
        value
        for known in LANGUAGES
        for value, label in _labels(known, dimension).items()
        if sought in label.casefold() or sought == value.casefold()
    }
    return tuple(sorted(values))


def _labels(language: Language, dimension: str) -> Mapping[str, str]:
    return _names()[language][dimension] if dimension in _NAMED else Words(language).beginning(f"{dimension}.")


@cache
def _names() -> Mapping[Language, Mapping[str, Mapping[str, str]]]:
    names: dict[Language, dict[str, dict[str, str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return names

"""Writes `tracker/dashboard/texts/names.json`: countries and languages, as Unicode's CLDR names them.

By Babel, which only tools and tests need: `python -m tools.names`, after a newer Babel. A test holds that the file is
what this makes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson
from babel import Locale

FILE: Final = Path(__file__).parents[1] / "tracker" / "dashboard" / "texts" / "names.json"
_LANGUAGES: Final = ("en", "ja")
_SHORT: Final = {"en": {"HK": "Hong Kong", "MO": "Macao"}, "ja": {"HK": "香港", "MO": "マカオ"}}
"""CLDR's own short forms, which Babel leaves out."""
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


def made() -> bytes:
    """Return the file: by the page's language, names of countries (ISO 3166) and languages (ISO 639) by their code."""
    names = {}
    for code in _LANGUAGES:
        locale = Locale.parse(code)
        names[code] = {
            "country": _chosen(locale.territories, _COUNTRY) | _SHORT[code],
            "language": _chosen(locale.languages, _LANGUAGE),
        }
    return orjson.dumps(names, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def _chosen(names: Mapping[str, str], codes: re.Pattern[str]) -> dict[str, str]:
    return {code: name for code, name in names.items() if codes.fullmatch(code)}


if __name__ == "__main__":
    FILE.write_bytes(made())

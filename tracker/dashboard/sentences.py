"""Sentences that come from elsewhere in the product, English as they are stored and logged, on a page of any language.

`texts/sentences.json` says the fixed ones in Japanese: what stands in braces there is a part that differs from one time
to the next, and is put into the translation as it is. A part called `inner` is a sentence of its own. What is between
backticks is code, and is shown as code.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

from tracker.dashboard.wording import Language, Words, with_code

_FILE: Final = Path(__file__).parent / "texts" / "sentences.json"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_MAX_DEPTH: Final = 3
_BETWEEN_SENTENCES: Final = re.compile(r"(?<=\.) (?=\S)")


def shown(text: str, language: Language) -> Markup:
    """Return a sentence as HTML, in the page's language where there is a translation, else marked as English."""
    if language == "en" or not text:
        return with_code(text)
    translated = _translated(text)
    return Markup('<span lang="en">{}</span>').format(with_code(text)) if translated is None else with_code(translated)


def _translated(text: str, depth: int = 0) -> str | None:
    """Return a sentence, or several one after the other, in Japanese; None where one of them has no translation."""
    for gap in _BETWEEN_SENTENCES.finditer(text):
        if (first := _of_one(text[: gap.start()], depth)) and (rest := _translated(text[gap.end() :], depth)):
            return first + rest
    return _of_one(text, depth)


def _of_one(text: str, depth: int) -> str | None:
    for pattern, translation in _translations():
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            parts |= {name: _said(parts[name]) for name in parts.keys() & {"key", "name"}}
            if "inner" in parts and depth < _MAX_DEPTH:
                parts["inner"] = _translated(parts["inner"], depth + 1) or parts["inner"]
            return translation.format(**parts)
    return None


def _said(name: str) -> str:
    """Return what a column or a setting is called on the pages; any other name as it is."""
    words = Words("ja")
    label = words.known(f"field.{name}", words.known(f"setting.{name}", ""))
    return f"「{label}」" if label else name


@cache
def _translations() -> list[tuple[re.Pattern[str], str]]:
    texts: dict[str, str] = json.loads(_FILE.read_text(encoding="utf-8"))
    return [(_pattern(english), japanese) for english, japanese in texts.items()]


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    return re.compile(
        "".join(f"(?P<{part}>.*?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)), re.DOTALL
    )

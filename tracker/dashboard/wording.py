"""The words of the pages, in the reader's language: `texts/en.json` and `texts/ja.json`."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast

from flask import g, request
from markupsafe import Markup, escape

Language = Literal["en", "ja"]
LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "ja": "日本語"}
"""Each under the name that its own readers know."""
COOKIE: Final = "tracker_language"
_CODE: Final = re.compile(r"`([^`]*)`")
_FOLDER: Final = Path(__file__).parent / "texts"


def language() -> Language:
    """Return the one that was chosen, else the one that the browser prefers, else English."""
    if "language" not in g:
        chosen = known(request.cookies.get(COOKIE))
        g.language = chosen or known(request.accept_languages.best_match(LANGUAGES)) or "en"
    return cast(Language, g.language)


def known(code: str | None) -> Language | None:
    """Return the language of that code, if it is one of ours."""
    return next((language for language in LANGUAGES if language == code), None)


class Words:
    """The texts of one language. `words("cards.requests")`; with `count` the singular where there is one."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = _texts(language)

    def __call__(self, key: str, **values: Any) -> str:  # noqa: ANN401 whatever a text has places for
        """Return a text with its places filled, as HTML where it has code. KeyError for one that there is not."""
        count = values.get("count")
        name = f"{key}.one" if count in (1, "1") and f"{key}.one" in self._texts else key
        text = self._texts[name]
        said = text.format(**values) if values else text
        return with_code(said) if "`" in text else said

    def beginning(self, start: str) -> dict[str, str]:
        """Return the texts whose keys begin so, by what follows."""
        return {key.removeprefix(start): text for key, text in self._texts.items() if key.startswith(start)}

    def known(self, key: str, otherwise: str) -> str:
        """Return the text of a word that comes from elsewhere, such as a reason's name, or that word itself."""
        return self(key) if key in self._texts else otherwise


def with_code(text: str) -> Markup:
    """Return a text as HTML: what is between backticks is code."""
    pieces = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece) for number, piece in enumerate(pieces)
    )


@cache
def _texts(language: Language) -> dict[str, str]:
    texts: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts

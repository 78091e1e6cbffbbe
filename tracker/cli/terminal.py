"""Text for people, whoever wrote it: no character of it moves the cursor, turns the text around or hides."""

import json

from tracker.visible_text import is_visible

_DELETE = "\N{DELETE}"
_LINE_BREAK = "\n"


def visible(text: str, *, is_one_line: bool = True) -> str:
    """Return the text with an escape, as JSON writes it, in the place of every character that nobody would see.

    These are control characters (C0, C1, DEL), line and paragraph separators, formatting such as bidirectional
    overrides and zero-width joiners, and what Unicode has not assigned. A JSON document keeps its meaning: outside its
    strings there are none of them but line breaks, which stay where the text is not `is_one_line`.
    """
    if text.isprintable():
        return text
    return "".join(
        character if is_visible(character) or (character == _LINE_BREAK and not is_one_line) else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    # The one character that JSON need not escape and that no terminal shows.
    return "\\u007f" if character == _DELETE else json.dumps(character)[1:-1]

"""Which characters people see: names are of these, and terminals show no others."""

import unicodedata


def is_visible(text: str) -> bool:
    """Return whether no character of a text is one that nobody sees.

    Those are control characters (C0, C1, DEL), line and paragraph separators, formatting such as bidirectional
    overrides and zero-width joiners, and what Unicode has not assigned.
    """
    # Python takes all spaces but the ASCII one for unprintable; texts in Japanese are full of the ideographic one.
    return text.isprintable() or all(one.isprintable() or unicodedata.category(one) == "Zs" for one in text)

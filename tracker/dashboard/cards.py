"""The numbers at the head of an application's page, and the order in which they stand. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

HEADLINE: Final = ("visitors", "requests")
"""What the chart draws too: people first, as everywhere in the field."""
OF_VISITS: Final = ("sessions", "page_views", "views_per_session", "bounce_rate", "duration")
"""How many visits there were, and what they were like, as reports measure it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One number. `exact` is false for a sum that counts some more than once; None as a number: nobody counts it."""

    name: str
    number: float | None
    exact: bool = True
    before: float | None = None
    before_exact: bool = True
    change: str | None = None


def headline(cards: Iterable[Card], *, compares: bool = True) -> list[Card]:
    """Return cards of HEADLINE in its order.

    Unless it `compares`, without the time before: there was nothing to count in all of it or in a part of it.
    """
    ordered = sorted(cards, key=lambda card: HEADLINE.index(card.name))
    return ordered if compares else [replace(card, before=None, change=None) for card in ordered]

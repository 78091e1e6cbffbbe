"""What a single hit says of its page, and of where its visitor came from, in the words that reports use. Pure."""

from typing import Final

from tracker.facts.page import page_of, referrer_of
from tracker.facts.place import country_of_zone
from tracker.facts.recipe import Recipe
from tracker.facts.source import source_of

DIRECT: Final = None
"""The source of a hit that names none."""


def page_name(url: str, recipe: Recipe) -> str | None:
    """Return the page of an address, as reports name it; what is no address, as it is."""
    return page_of(url, recipe.belonging).path


def source_name(url: str | None, referrer: str | None, recipe: Recipe) -> str | None:
    """Return the source of a hit; DIRECT where it has none, or a page of the site itself led to it."""
    if is_internal(url, referrer, recipe):
        return DIRECT
    campaign = page_of(url or "").campaign
    host, _ = referrer_of(referrer or "")
    return campaign.source or (source_of(host)[0] if host else DIRECT)


def is_internal(url: str | None, referrer: str | None, recipe: Recipe) -> bool:
    """Return whether a page of the site itself led to a hit."""
    site, _ = referrer_of(referrer or "")
    if not site:
        return False
    if recipe.domain and (site == recipe.domain or site.endswith("." + recipe.domain)):
        return True
    return site == referrer_of(url or "")[0]


def country(place: str | None, zone: str | None) -> str | None:
    """Return the country of a hit: of its address, with which its place begins, else of its time zone."""
    return (place or "").split("/")[0] or (country_of_zone(zone) if zone else None)

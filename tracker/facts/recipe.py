"""What an application's settings say about its facts."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import IP_ANONYMIZATION, PAGE_QUERY_PARAMETERS, SESSION_TIMEOUT_MINUTES
from tracker.facts.engine import text
from tracker.facts.page import without_www
from tracker.facts.place import country_of_address
from tracker.privacy.places import Places
from tracker.store import applications
from tracker.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of one application's facts; equal ones make the same of the same rows."""

    domain: str | None
    belonging: frozenset[str]
    """Query parameters that belong to the page."""
    parameters: tuple[str, ...]
    """The custom parameters that are defined."""
    has_whole_addresses: bool
    """Whether addresses are stored whole. Of IPv4 a network tells the country just as well, of IPv6 it does not."""
    timeout_minutes: int
    """After so long without a hit a visit is over."""

    @property
    def site(self) -> str | None:
        """Return the domain as an expression of SQL."""
        return text(self.domain) if self.domain else None

    @property
    def in_common(self) -> "Recipe":
        """Return what many applications have in common: all but the domain and the custom parameters."""
        return replace(self, domain=None, parameters=())

    def country_of(self, places: Places) -> Callable[[str], str | None] | None:
        """Return what tells the country of an address; None where nothing does."""
        return partial(self._country_of, places=places) if places.has_file else None

    def _country_of(self, address: str, places: Places) -> str | None:
        return country_of_address(address, places) if self.has_whole_addresses or ":" not in address else None


_OF_NOBODY: Final = Recipe(
    None, frozenset(), (), has_whole_addresses=False, timeout_minutes=SESSION_TIMEOUT_MINUTES.value({})
)


def recipe_of(tx: Transaction, application_id: UUID) -> Recipe:
    """Return the recipe of an application; of one that is gone, one for no rows."""
    return recipes_of(tx, [application_id])[application_id]


def recipes_of(tx: Transaction, application_ids: Collection[UUID]) -> dict[UUID, Recipe]:
    """Return the recipes of applications; of those that are gone, one for no rows."""
    app_ids = applications.app_ids_of(tx, application_ids)
    known = {application.id: application for application in applications.find_many(tx, app_ids).values()}
    return {id: _recipe(known[id]) if id in known else _OF_NOBODY for id in application_ids}  # noqa: A001


def _recipe(application: Application) -> Recipe:
    return Recipe(
        domain=without_www(application.domain.lower()) if application.domain else None,
        belonging=frozenset(PAGE_QUERY_PARAMETERS.value(application.settings)),
        parameters=tuple(application.parameters),
        has_whole_addresses=IP_ANONYMIZATION.value(application.settings) == "none",
        timeout_minutes=SESSION_TIMEOUT_MINUTES.value(application.settings),
    )

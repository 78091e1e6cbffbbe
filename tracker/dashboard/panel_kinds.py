"""What panels are about, and in which groups they stand on an application's page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tracker.errors import not_found
from tracker.reports.dimensions import PARAMETER

COUNTED: Final = ("visitors", "page_views", "requests")
"""What panels count, beside visits, which take longer: their shares are of all there are of it."""
Condition = list[str | list[str] | None]
Groups = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PanelKind:
    """What a panel is about: by which dimension, which measure; hits without a value count where that says much."""

    dimension: str
    """As addresses have it."""
    measure: str = "visitors"
    counts_nothing: bool = True
    asked_as: str = ""
    """As reports have it, where that is something else."""

    @property
    def asked(self) -> str:
        return self.asked_as or self.dimension

    def conditions(self) -> list[Condition]:
        return [] if self.counts_nothing else [[self.asked, "is_not", None]]


def _arrival(dimension: str, *, counts_nothing: bool = False) -> PanelKind:
    """Return a panel of where visits came from: pages that were reached from within the site have sources, too."""
    return PanelKind(dimension, "sessions", counts_nothing=counts_nothing, asked_as=f"visit_{dimension}")


_KINDS: Final[dict[str, PanelKind]] = {
    "pages": PanelKind("page", "page_views", counts_nothing=False),
    "entry_pages": PanelKind("entry_page", "sessions", counts_nothing=False),
    "exit_pages": PanelKind("exit_page", "sessions", counts_nothing=False),
    "hosts": PanelKind("host", counts_nothing=False),
    "sources": _arrival("source", counts_nothing=True),
    "channels": _arrival("channel", counts_nothing=True),
    "referrers": _arrival("referrer"),
    "click_ids": _arrival("click_id"),
    "countries": PanelKind("country"),
    "regions": PanelKind("region"),
    "cities": PanelKind("city"),
    "languages": PanelKind("language"),
    "devices": PanelKind("device"),
    "browsers": PanelKind("browser"),
    "browser_versions": PanelKind("browser_version"),
    "systems": PanelKind("system"),
    "screens": PanelKind("screen"),
    "campaigns": _arrival("utm_campaign"),
    "utm_sources": _arrival("utm_source"),
    "utm_mediums": _arrival("utm_medium"),
    "utm_terms": _arrival("utm_term"),
    "utm_contents": _arrival("utm_content"),
    "events": PanelKind("event", "requests", counts_nothing=False),
    "statuses": PanelKind("status", "requests", counts_nothing=False),
    "modules": PanelKind("module", "requests", counts_nothing=False),
    "clients": PanelKind("client", "requests", counts_nothing=False),
}
_ASKED_AS: Final = {kind.dimension: kind.asked for kind in _KINDS.values()}
GROUPS: Final[Groups] = {
    "pages": ("pages", "entry_pages", "exit_pages", "hosts"),
    "sources": ("sources", "channels", "referrers", "click_ids"),
    "places": ("countries", "regions", "cities", "languages"),
    "devices": ("devices", "browsers", "browser_versions", "systems", "screens"),
    "campaigns": ("campaigns", "utm_sources", "utm_mediums", "utm_terms", "utm_contents"),
    "events": ("events", "statuses", "modules", "clients"),
}
"""By group: its panels, the first of which is shown unless another one is asked for."""
ONLY_WITH_ROWS: Final = ("campaigns", "events", "parameters")
"""Groups that a site may do without."""
INSTEAD: Final[Groups] = {"events": ("statuses", "modules")}
"""By group: which of its panels stand in for the first one where that is empty, as a log has no events."""
PERSONAL: Final = ("clients",)
"""Panels whose values are people: not for whoever comes by a share link."""
_OF_PEOPLE: Final = tuple(_KINDS[name].dimension for name in PERSONAL)
_MAX_PARAMETERS: Final = 20
"""Custom parameters of a group: each has a link with all that is filtered by."""


def groups_for(*, is_guest: bool, parameters: Sequence[str]) -> Groups:
    """Return the groups of a page, as whoever reads it may see them, with one of custom parameters by their keys."""
    hidden = PERSONAL if is_guest else ()
    groups = {group: tuple(name for name in names if name not in hidden) for group, names in GROUPS.items()}
    of_parameters = tuple(PARAMETER + key for key in parameters[:_MAX_PARAMETERS])
    return {**groups, "parameters": of_parameters} if of_parameters else groups


def is_of_people(dimension: str) -> bool:
    """Return whether the values of a dimension are people."""
    return dimension in _OF_PEOPLE


def kind_of(name: str) -> PanelKind:
    """Return what a panel is about; `param:KEY` is the one of a custom parameter. Raises Refused."""
    if name.startswith(PARAMETER):
        return PanelKind(name, "requests", counts_nothing=False)
    if name not in _KINDS:
        raise not_found("There is no such panel.")
    return _KINDS[name]


def asked_as(dimension: str) -> str:
    """Return how reports call a dimension of an address."""
    return _ASKED_AS.get(dimension, dimension)

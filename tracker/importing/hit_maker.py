"""From a record to a hit: which are left out, and what the application's settings keep of the others.

The lines of a log share their pages, referrers and programs: what was made of a text is kept for the next line.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from tracker.application import Application
from tracker.application_settings import BOT_FILTER, IMPORT_PAGE_VIEWS
from tracker.hit import Hit
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS
from tracker.importing.hosts import host_of, is_of_domain
from tracker.importing.record import Record
from tracker.privacy.anonymization import Privacy
from tracker.privacy.bots import reads_no_pages
from tracker.privacy.places import NOWHERE

_KEPT: Final = 8192
"""Texts of a kind that are remembered, a few megabytes of them at most."""
_MAX_URL: Final = MAX_DESCRIPTION_LENGTHS["url"]


_OF_A_REQUEST: Final = frozenset(("url", "referrer", "user_agent", "ip_address", "event_data"))
"""Columns that a request fills; those of an event may be any."""


class _Page(NamedTuple):
    """What is stored of a request's target, and whether it was one for the application's own site."""

    url: str | None
    is_own: bool


class HitMaker:
    """Makes the hits of one application's imports."""

    def __init__(self, application: Application, privacy: Privacy, *, include_bots: bool, any_host: bool) -> None:
        """`include_bots` and `any_host` take what is left out without them."""
        settings = application.settings
        self._application, self._privacy = application, privacy
        self._drops_bots = not include_bots and BOT_FILTER.value(settings) == "drop"
        self._domain = None if any_host else application.domain
        self._tells_kinds = IMPORT_PAGE_VIEWS.value(settings) == "pages"
        self._knows_places = privacy.places is not NOWHERE
        # What these keep is the maker's, and goes with it.
        self._page = lru_cache(maxsize=_KEPT)(self._page_of)
        self._referrer = lru_cache(maxsize=_KEPT)(privacy.url)

    def left_out(self, record: Record) -> str | None:
        """Return why a record is not to be counted, `bot` or `domain`; None where it is."""
        user_agent = record.columns.get("user_agent")
        if self._drops_bots and user_agent and reads_no_pages(user_agent):
            return "bot"
        return None if self._page(record.columns.get("url"), record.host).is_own else "domain"

    def hit(self, record: Record, hit_id: int) -> Hit:
        """Return the hit, as the application's privacy settings leave it."""
        privacy, get = self._privacy, record.columns.get
        address = get("ip_address")
        hit = Hit(
            id=hit_id,
            created_at=record.created_at,
            application_id=self._application.id,
            app_id=self._application.app_id,
            url=self._page(get("url"), record.host).url,
            referrer=self._referrer(get("referrer")),
            user_agent=privacy.user_agent(get("user_agent")),
            ip_address=privacy.address(address),
            place=privacy.place(address) if self._knows_places else None,
            event_name=record.kind if record.kind != "page" and self._tells_kinds else None,
            event_data=privacy.event_data(get("event_data")),
        )
        return hit.replace(**_further(record.columns)) if record.is_event else hit

    def _page_of(self, target: str | None, host: str | None) -> _Page:
        url = target
        if url is not None and url.startswith("/") and (name := host or self._application.domain):
            url = f"https://{name}{url}"[:_MAX_URL]
        return _Page(self._privacy.url(url), self._is_own(target, host))

    def _is_own(self, target: str | None, host: str | None) -> bool:
        """Return whether a request was for the application's own site, as far as its line and the application say."""
        if self._domain is None:
            return True
        name = host_of(target, host)
        return name is None or is_of_domain(name, self._domain)


def _further(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if name not in _OF_A_REQUEST}

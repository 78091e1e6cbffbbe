"""What an application keeps of its visitors: its privacy settings, read once, as functions of what a hit says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from tracker.application_settings import (
    IP_ANONYMIZATION,
    MAX_URL_LENGTH,
    MAX_USER_AGENT_LENGTH,
    STRIPPED_QUERY_PARAMETERS,
)
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS
from tracker.privacy.addresses import network_of
from tracker.privacy.places import NOWHERE, Places
from tracker.privacy.url_stripping import stripping

Anonymization = Literal["none", "last_octet", "full"]

_ABOUT_THE_VISITOR = (
    *("client_sub_id", "session_id", "ip_address"),
    *(column for column in MAX_DESCRIPTION_LENGTHS if column not in ("url", "referrer")),
)


@dataclass(frozen=True, slots=True)
class Privacy:
    """The settings of one application."""

    ip_anonymization: Anonymization
    strip: Callable[[str], str]
    """Takes out of a URL what is nobody's business."""
    longest_url: int
    longest_user_agent: int
    places: Places

    @classmethod
    def of(cls, settings: Mapping[str, str | None], places: Places = NOWHERE) -> "Privacy":
        return cls(
            ip_anonymization=cast(Anonymization, IP_ANONYMIZATION.value(settings)),
            strip=stripping(frozenset(STRIPPED_QUERY_PARAMETERS.value(settings))),
            longest_url=MAX_URL_LENGTH.value(settings),
            longest_user_agent=MAX_USER_AGENT_LENGTH.value(settings),
            places=places,
        )

    def address(self, address: str | None) -> str | None:
        """Return what is kept of a canonical address."""
        if address is None or self.ip_anonymization == "none":
            return address
        return network_of(address) if self.ip_anonymization == "last_octet" else None

    def place(self, address: str | None) -> str | None:
        """Return where a canonical address is, told of it as it is: the country alone where nothing of it is kept."""
        place = self.places.place_of(address) if address is not None else None
        return None if place is None else place.text(is_country_only=self.ip_anonymization == "full")

    def url(self, url: str | None) -> str | None:
        """Return what is kept of the address of a page."""
        return self.strip(url)[: self.longest_url] or None if url else None

    def user_agent(self, user_agent: str | None) -> str | None:
        return user_agent[: self.longest_user_agent] or None if user_agent else None

    def event_data(self, event_data: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the same event, with addresses in it (a link that was followed) stripped as the page's own is."""
        if event_data:
            for value in event_data.values():
                if type(value) is str and value[:4].lower() == "http":
                    return {name: self._stripped(value) for name, value in event_data.items()}
        return event_data

    def _stripped(self, value: Any) -> Any:  # noqa: ANN401 any JSON value
        return self.strip(value) if type(value) is str and value[:4].lower() == "http" else value


def without_visitor(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a hit but for everything that tells one visitor from another."""
    return {name: value for name, value in columns.items() if name not in _ABOUT_THE_VISITOR}

"""What a webhook may be: where it leads, what it asks for, how its secret looks and is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from tracker.clock import Clock
from tracker.config import Settings
from tracker.encryption import SecretBox, check_secret, new_secret
from tracker.errors import DestinationRefused, invalid
from tracker.outbox.event_types import check_events
from tracker.ssrf_guard.policy import Policy, policy_of
from tracker.ssrf_guard.registration import check_registration
from tracker.ssrf_guard.resolver import Resolver


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """The rules of one installation, checked before anything is written. Each check returns the value to store."""

    policy: Policy
    resolver: Resolver
    secret_box: SecretBox
    waiting_limit: int = 0
    """Deliveries of one webhook; 0 is no limit."""

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Self:
        policy = policy_of(settings)
        return cls(policy, Resolver(policy, clock), SecretBox(settings.secret_key), settings.webhook_waiting_limit)

    def url(self, url: str) -> str:
        """Raises Refused where webhooks may not be sent there."""
        try:
            return check_registration(url, self.policy, self.resolver).url
        except DestinationRefused as error:
            raise invalid(f"The URL is not accepted: {error}", url=[str(error)]) from error

    def events(self, events: Iterable[str]) -> tuple[str, ...]:
        """Raises Refused for an event that there is not."""
        try:
            return check_events(events)
        except ValueError as error:
            raise invalid(f"The events are not accepted: {error}", events=[str(error)]) from error

    def secret(self, given: str | None) -> tuple[str, str]:
        """Return the secret, as given or a new one, in plain and encrypted.

        Raises Refused for one that is not acceptable.

        Raises SettingsInvalid where TRACKER_SECRET_KEY is missing.
        """
        try:
            secret = new_secret() if given is None else check_secret(given)
        except ValueError as error:
            raise invalid(f"The secret is not accepted: {error}", secret=[str(error)]) from None
        return secret, self.secret_box.encrypt(secret)

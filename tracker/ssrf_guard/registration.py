"""The check of a URL when a webhook is registered."""

from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.ssrf_guard.urls import Destination, check_url

LOOK_UP_SECONDS = 5.0


def check_registration(url: str, policy: Policy, resolver: Resolver) -> Destination:
    """Return where a new webhook's URL leads, its name looked up.

    DestinationRefused with a sentence for whoever registers it.

    A name that cannot be resolved now is refused: it is mistyped more often than the name server is unavailable, and an
    endpoint that cannot be reached is no use yet. Every sending checks anew.
    """
    destination = check_url(url, policy)
    resolver.addresses(destination.host, destination.port, seconds=LOOK_UP_SECONDS)
    return destination

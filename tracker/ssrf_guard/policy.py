"""What the operator allows webhooks beside the public internet."""

from dataclasses import dataclass

from tracker.config import Settings
from tracker.environment import Network

PORTS = frozenset({80, 443, 8443})
"""The ports that every installation allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one installation."""

    allow_http: bool = False
    ports: frozenset[int] = PORTS
    """Ports that public addresses may be reached on."""
    networks: tuple[Network, ...] = ()
    """Networks that may be reached although private, on any port."""


def policy_of(settings: Settings) -> Policy:
    """Return the rules that TRACKER_WEBHOOK_ALLOW_HTTP, _PORTS and _ALLOWED_NETWORKS make."""
    return Policy(
        allow_http=settings.webhook_allow_http,
        ports=PORTS | settings.webhook_ports,
        networks=settings.webhook_allowed_networks,
    )

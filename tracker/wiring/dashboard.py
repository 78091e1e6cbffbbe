"""What one process of the dashboard holds: what the API holds, so that both wait at the same places."""

from tracker.api.parts import Parts as ApiParts
from tracker.config import Settings
from tracker.dashboard.parts import Parts
from tracker.http.client_address import TrustedProxies


def parts(settings: Settings, api: ApiParts) -> Parts:
    """The dashboard's parts in the process whose API has these. Nothing connects before it is needed."""
    return Parts(
        database=api.database,
        reading=api.reading,
        redis=api.redis,
        clock=api.clock,
        key_check=api.key_check,
        secret_key=settings.secret_key,
        proxies=TrustedProxies.of(settings),
    )

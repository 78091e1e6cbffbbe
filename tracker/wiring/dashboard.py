"""What one process of the dashboard holds: what the API holds, so that both wait at the same places."""

from tracker.api.services import ApiServices
from tracker.config import Settings
from tracker.dashboard.application_snapshots import ApplicationSnapshots
from tracker.dashboard.made_parts import MadeParts
from tracker.dashboard.services import DashboardServices
from tracker.dashboard.share_reads import ShareReads
from tracker.instance.check import InstanceCheck
from tracker.oidc.identity import ProviderSettings, SignInProvider
from tracker.queueing.wakeup import wake_worker
from tracker.reading.live import LiveReader
from tracker.web.request_headers import TrustedProxies


def parts(settings: Settings, api: ApiServices) -> DashboardServices:
    """Return the dashboard's parts in the process whose API has these. Nothing connects before it is needed."""
    return DashboardServices(
        settings=settings,
        database=api.database,
        reading=api.reading,
        readers=api.readers,
        redis=api.redis,
        clock=api.clock,
        key_check=api.key_check,
        secret_key=settings.secret_key,
        proxies=TrustedProxies.of(settings),
        webhook_rules=api.webhook_rules,
        live=LiveReader(api.reading, api.clock),
        share_reads=ShareReads(api.clock),
        applications=ApplicationSnapshots(api.clock),
        made_parts=MadeParts(),
        provider=_provider(settings, api),
        instance=InstanceCheck(api.database, api.redis, api.clock),
        wake_worker=lambda: wake_worker(api.redis, settings.rq_queue, drain_seconds=settings.drain_seconds),
    )


def _provider(settings: Settings, api: ApiServices) -> SignInProvider | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    # Twelve megabytes of libraries that nobody needs where no provider is set.
    from tracker.oidc.provider import Provider  # noqa: PLC0415

    return Provider(
        ProviderSettings(
            settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_name
        ),
        api.clock,
    )

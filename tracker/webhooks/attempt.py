"""One attempt at one delivery, as a thread of the pool makes it: decrypt the secrets, sign, post, say how it ended."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from tracker.clock import Clock
from tracker.encryption import SecretBox
from tracker.errors import DestinationRefused, SettingsInvalid
from tracker.log import logger
from tracker.store.webhook_sending import Claimed
from tracker.webhooks.failures import NoAnswer
from tracker.webhooks.outlet import Outlet
from tracker.webhooks.verdict import Outcome

USER_AGENT = "AccessLogTracker-Webhooks/1"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """An attempt that has ended."""

    delivery: Claimed
    at: datetime
    """When it began; what was signed says so."""
    ended_at: datetime
    duration_ms: int
    outcome: Outcome
    unsent: str | None = None
    """Why nothing was sent, where the reason is ours and not the endpoint's."""


class Attempts:
    """Makes attempts. Thread-safe."""

    def __init__(self, secret_box: SecretBox, clock: Clock) -> None:
        self._sealer = secret_box
        self._clock = clock

    def make(self, delivery: Claimed, outlet: Outlet) -> Attempted:
        """Sign and post, once. Never raises: whatever goes wrong is an outcome."""
        at, began = self._clock.now(), self._clock.monotonic()
        outcome, unsent = Outcome(), None
        try:
            headers = self._headers(delivery, at)
        except SettingsInvalid as error:
            unsent = str(error)
        except ValueError:
            unsent = "This webhook's secret does not read as one: `python -m tracker webhooks rotate ID` replaces it."
        else:
            outcome = _post(delivery, outlet, headers)
        return Attempted(
            delivery=delivery,
            at=at,
            ended_at=self._clock.now(),
            duration_ms=round((self._clock.monotonic() - began) * 1000),
            outcome=outcome,
            unsent=unsent,
        )

    def _headers(self, delivery: Claimed, at: datetime) -> dict[str, str]:
        """Those of Standard Webhooks; during a rotation with a signature by either secret, the new one's first."""
        if delivery.secret is None:
            raise SettingsInvalid("This webhook has no secret: `python -m tracker webhooks rotate ID` gives it one.")
        signers = [Webhook(self._sealer.open(delivery.secret))]
        if delivery.previous_secret is not None:
            # After TRACKER_SECRET_KEY was lost the old secret is lost too, and rotating is what helps.
            with suppress(SettingsInvalid, ValueError):
                signers.append(Webhook(self._sealer.open(delivery.previous_secret)))
        return {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(delivery.event_id, at, delivery.payload) for signer in signers),
        }


def _post(delivery: Claimed, outlet: Outlet, headers: dict[str, str]) -> Outcome:
    try:
        answer = outlet.post(delivery.url, delivery.payload.encode(), headers)
    except (NoAnswer, DestinationRefused) as error:
        return Outcome(error=str(error))
    except Exception as error:  # noqa: BLE001 - a thread that ends without a word would lose the delivery
        _log.exception("webhook attempt broke off", webhook=str(delivery.webhook_id), delivery=delivery.id)
        return Outcome(error=f"The request failed: {type(error).__name__}.")
    return Outcome(status=answer.status, retry_after=answer.retry_after)

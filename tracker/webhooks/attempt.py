"""One attempt at one delivery, as a thread of the pool makes it: decrypt the secrets, sign, post, say how it ended."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from standardwebhooks import Webhook

from tracker.clock import Clock
from tracker.encryption import SecretBox
from tracker.errors import DestinationRefused, SettingsInvalid
from tracker.log import logger
from tracker.store.webhook_sending import ClaimedDelivery
from tracker.trace_context import NAME as TRACEPARENT
from tracker.trace_context import traceparent_of_payload
from tracker.tracing import Tracing
from tracker.webhooks.endpoint import EndpointClient, NoResponse
from tracker.webhooks.retry_policy import AttemptResult

USER_AGENT = "AccessLogTracker-Webhooks/1"

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAttempt:
    """An attempt that has ended."""

    delivery: ClaimedDelivery
    at: datetime
    """When it began; what was signed says so."""
    ended_at: datetime
    duration_ms: int
    result: AttemptResult
    unsent: str | None = None
    """Why nothing was sent, where the reason is ours and not the endpoint's."""


class Attempts:
    """Makes attempts. Thread-safe."""

    def __init__(self, secret_box: SecretBox, clock: Clock, tracing: Tracing | None = None) -> None:
        self._secret_box = secret_box
        self._clock = clock
        self._tracing = tracing

    def make(self, delivery: ClaimedDelivery, client: EndpointClient) -> EndedAttempt:
        """Sign and post, once. Never raises: whatever goes wrong is a result."""
        at, began = self._clock.now(), self._clock.monotonic()
        result, unsent = AttemptResult(), None
        try:
            headers = self._headers(delivery, at)
        except SettingsInvalid as error:
            unsent = str(error)
        except ValueError:
            unsent = "This webhook's secret does not read as one: `python -m tracker webhooks rotate ID` replaces it."
        else:
            result = self._post(delivery, client, headers)
        return EndedAttempt(
            delivery=delivery,
            at=at,
            ended_at=self._clock.now(),
            duration_ms=round((self._clock.monotonic() - began) * 1000),
            result=result,
            unsent=unsent,
        )

    def _post(self, delivery: ClaimedDelivery, client: EndpointClient, headers: dict[str, str]) -> AttemptResult:
        """Post within the trace of the request that brought the hit, where that had one."""
        traceparent = traceparent_of_payload(delivery.payload)
        if self._tracing is None:
            return _post(delivery, client, _traced(headers, traceparent))
        about = {"webhook.id": str(delivery.webhook_id), "webhook.event_id": delivery.event_id}
        span = self._tracing.call("webhook attempt", traceparent, about)
        result = _post(delivery, client, _traced(headers, span.header))
        if result.status is not None:
            span.note({"http.response.status_code": result.status})
        span.end(failed=result.status is None or result.status >= HTTPStatus.MULTIPLE_CHOICES)
        return result

    def _headers(self, delivery: ClaimedDelivery, at: datetime) -> dict[str, str]:
        """Return those of Standard Webhooks.

        During a rotation with a signature by either secret, the new one's first.
        """
        if delivery.secret is None:
            raise SettingsInvalid("This webhook has no secret: `python -m tracker webhooks rotate ID` gives it one.")
        signers = [Webhook(self._secret_box.decrypt(delivery.secret))]
        if delivery.previous_secret is not None:
            # After TRACKER_SECRET_KEY was lost the old secret is lost too, and rotating is what helps.
            with suppress(SettingsInvalid, ValueError):
                signers.append(Webhook(self._secret_box.decrypt(delivery.previous_secret)))
        return {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(delivery.event_id, at, delivery.payload) for signer in signers),
        }


def _traced(headers: dict[str, str], traceparent: str | None) -> dict[str, str]:
    return headers if traceparent is None else {**headers, TRACEPARENT: traceparent}


def _post(delivery: ClaimedDelivery, client: EndpointClient, headers: dict[str, str]) -> AttemptResult:
    try:
        answer = client.post(delivery.url, delivery.payload.encode(), headers)
    except (NoResponse, DestinationRefused) as error:
        return AttemptResult(error=str(error))
    except Exception as error:  # noqa: BLE001 - a thread that ends without a word would lose the delivery
        _log.exception("webhook attempt broke off", webhook=str(delivery.webhook_id), delivery=delivery.id)
        return AttemptResult(error=f"The request failed: {type(error).__name__}.")
    return AttemptResult(status=answer.status, retry_after=answer.retry_after)

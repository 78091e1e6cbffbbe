"""`GET /metrics` for Prometheus: closed unless TRACKER_METRICS_TOKEN is set, and then for those who present it."""

import hmac

from flask import Blueprint, Response, request

from tracker.api.services import current_services
from tracker.errors import Refused
from tracker.metrics.exposition import CONTENT_TYPE, exposition
from tracker.metrics.look import look
from tracker.web.request_headers import presented_key

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Return what all processes of this installation have counted, and one look at its servers."""
    services = current_services()
    if not services.metrics_token:
        raise Refused("NOT_FOUND", 404, "There is nothing at this address.")
    presented = presented_key(request.environ) or ""
    if not hmac.compare_digest(presented.encode(), services.metrics_token.encode()):
        raise Refused("AUTHENTICATION_ERROR", 401, "Send TRACKER_METRICS_TOKEN as `Authorization: Bearer ...`.")
    text = exposition(
        look(services.database, services.reading, services.redis, services.clock), queue_limit=services.queue_limit
    )
    return Response(text, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

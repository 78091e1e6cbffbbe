"""A span around the writing of a part, with links to the traces of its hits, where a collector is set."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from tracker.ingest.parts import Unchecked
from tracker.trace_context import traceparent_of_hit
from tracker.tracing import tracing

_SERVICE = "tracker-worker"

Spans = Callable[[Unchecked], AbstractContextManager[object]]


def spans_to(endpoint: str | None) -> Spans | None:
    """Return what gives each part its span, where a collector is set.

    OpenTelemetry is set up with the first hit that has a trace.
    """
    if endpoint is None:
        return None

    def span(part: Unchecked) -> AbstractContextManager[object]:
        parents = list(_parents(part))
        if not parents:
            return nullcontext()
        size = {"messaging.batch.message_count": len(part)}
        return tracing(endpoint, _SERVICE).batch("write hits", parents, size)

    return span


def _parents(part: Unchecked) -> Iterable[str]:
    for item in part:
        if (parent := traceparent_of_hit(item.claim.entry.tracking_data)) is not None:
            yield parent

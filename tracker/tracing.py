"""Spans for a collector that speaks OTLP, where TRACKER_OTLP_ENDPOINT names one; OpenTelemetry is imported only here.

It is an extra, `pip install 'access-log-tracker[otel]'`. Where no collector is set nothing of it is imported and no
request passes through it (docs/decisions/0129-traces.md).
"""

import importlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tracker import __version__
from tracker.errors import SettingsInvalid
from tracker.trace_context import NAME

_FLUSH_SECONDS: Final = 2.0
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"
_tracings: dict[int, "Tracing"] = {}
"""By the process that has set it up: a child that was forked sends by a thread of its own."""


class Span:
    """Something that took a while. `header` is the `traceparent` of what it calls."""

    def __init__(self, span: Any, header: str | None) -> None:  # noqa: ANN401 the library is an extra
        self._span, self.header = span, header

    def note(self, attributes: Mapping[str, str | int]) -> None:
        self._span.set_attributes(attributes)

    def end(self, *, failed: bool = False) -> None:
        if failed:
            self._span.set_status(_package("opentelemetry.trace").StatusCode.ERROR)
        self._span.end()


class Tracing:
    """Makes spans. Thread-safe."""

    def __init__(self, endpoint: str, service: str) -> None:
        """Set OpenTelemetry up for this process. Raises SettingsInvalid where its packages are missing."""
        self._trace = _package("opentelemetry.trace")
        self._context = _package("opentelemetry.context")
        sdk = _package("opentelemetry.sdk.trace")
        sampling = _package("opentelemetry.sdk.trace.sampling")
        self._provider = sdk.TracerProvider(
            resource=_package("opentelemetry.sdk.resources").Resource.create(
                {"service.name": service, "service.version": __version__}
            ),
            # Without a word of the operator's, only what the caller has sampled: hits are many.
            sampler=None if os.environ.get(_SAMPLER) else sampling.ParentBased(sampling.ALWAYS_OFF),
            shutdown_on_exit=False,
        )
        otlp = _package("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        exporter = otlp.OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(_package("opentelemetry.sdk.trace.export").BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tracker", __version__)
        self._propagator = _package("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
        self._sending: threading.Thread | None = None

    def request(self, name: str, parent: str | None, attributes: Mapping[str, str | int]) -> Span:
        """Begin the span of a request that is answered here."""
        return self._begin(name, self._trace.SpanKind.SERVER, parent, attributes)

    def call(self, name: str, parent: str | None, attributes: Mapping[str, str | int]) -> Span:
        """Begin the span of a request that is made here."""
        return self._begin(name, self._trace.SpanKind.CLIENT, parent, attributes)

    @contextmanager
    def batch(self, name: str, parents: Iterable[str], attributes: Mapping[str, str | int]) -> Iterator[None]:
        """Span what is done for several traces at once: none of them is its parent, it has links to all."""
        contexts = [self._trace.get_current_span(self._read(parent)).get_span_context() for parent in parents]
        sampled = [context for context in contexts if context.trace_flags.sampled]
        if not sampled:
            yield
            return
        # It begins in the first one's trace, so that it is kept where that is.
        parent = self._trace.set_span_in_context(self._trace.NonRecordingSpan(sampled[0]))
        links = [self._trace.Link(context) for context in sampled]
        kind = self._trace.SpanKind.CONSUMER
        with self._tracer.start_as_current_span(name, parent, kind=kind, attributes=attributes, links=links):
            yield

    def flush(self) -> None:
        """Wait, two seconds at most, until what has ended is sent: for a process that ends without a word.

        In a thread, for the library waits ten seconds for a collector that is away, whatever time it is given.
        """
        if self._sending is None or not self._sending.is_alive():
            self._sending = threading.Thread(target=self._provider.force_flush, name="spans", daemon=True)
            self._sending.start()
        self._sending.join(_FLUSH_SECONDS)

    def _begin(self, name: str, kind: Any, parent: str | None, attributes: Mapping[str, str | int]) -> Span:  # noqa: ANN401 as above
        span = self._tracer.start_span(name, self._read(parent), kind=kind, attributes=attributes)
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._trace.set_span_in_context(span))
        return Span(span, carrier.get(NAME) if span.is_recording() else parent)

    def _read(self, parent: str | None) -> Any:  # noqa: ANN401 as above
        # An empty context where there is no parent: what this thread did before is none.
        context = self._context.Context()
        return self._propagator.extract({NAME: parent}, context) if parent else context


def require(endpoint: str | None) -> None:
    """Raise SettingsInvalid where a collector is set and OpenTelemetry is missing.

    Starts nothing: it is for processes that fork.
    """
    if endpoint is not None:
        _package("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        _package("opentelemetry.sdk.trace.export")


def tracing(endpoint: str, service: str) -> Tracing:
    """Return what makes spans in this process, set up when it is first asked for. Raises SettingsInvalid."""
    if (made := _tracings.get(os.getpid())) is None:
        made = Tracing(endpoint, service)
        _tracings.clear()
        _tracings[os.getpid()] = made
    return made


def flush() -> None:
    """Send what has ended in this process, where spans are made at all."""
    if (made := _tracings.get(os.getpid())) is not None:
        made.flush()


def _package(name: str) -> Any:  # noqa: ANN401 as above
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise SettingsInvalid(
            "TRACKER_OTLP_ENDPOINT is set, and OpenTelemetry is missing: pip install 'access-log-tracker[otel]'."
        ) from error

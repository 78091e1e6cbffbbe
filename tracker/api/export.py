"""Export over HTTP: a stream whose failure nobody can take for its end."""

from collections.abc import Iterator
from typing import Any, Final

from flask import Response, request
from flask.views import MethodView
from marshmallow import fields

from tracker.api.blueprint import Blueprint
from tracker.api.caller import target
from tracker.api.concurrency_limit import ConcurrencyLimit
from tracker.api.fields import QueryFlag, Text, choice
from tracker.api.reading_query import FilteredQuery, period_of
from tracker.api.services import current_services
from tracker.errors import Refused
from tracker.log import logger
from tracker.reading.export import export, gzipped, marked
from tracker.reading.export_lines import FORMATS

blueprint = Blueprint("export", description="Hits as they are stored, as CSV or as lines of JSON.")

MAX_CONCURRENT: Final = 4
"""Exports that a process makes at a time: each keeps a thread, of which hits need most, and a connection."""
_PER_APPLICATION: Final = 2
"""Of these, the most of one application: it keeps nobody else waiting, however slowly it reads."""
_RETRY_AFTER: Final = 30
_STREAMS: Final = {
    kind: {"schema": {"type": "string"}} for kind in ("text/csv", "application/jsonl", "application/gzip")
}

_places = ConcurrencyLimit(all_together=MAX_CONCURRENT, per_application=_PER_APPLICATION)
_log = logger(__name__)


def _name() -> Text:
    return Text(100, shortest=1, load_default=None)


class ExportQuery(FilteredQuery):
    """Which hits, and in which form."""

    format = fields.String(load_default="csv", validate=choice(*FORMATS))
    gzip = QueryFlag(
        load_default=False,
        metadata={"description": "A .gz file. Without it, a client that accepts gzip gets it on the way only."},
    )
    include_custom_params = QueryFlag(load_default=True)
    event_name = _name()
    session_id = _name()
    client_sub_id = _name()


class _Stream:
    """An export, whose first part is there; it may be empty. It gives its place back when it ends, however it ends."""

    def __init__(self, app_id: str, rest: Iterator[bytes], chunks: Iterator[bytes]) -> None:
        self._app_id = app_id
        self._first = b""
        self._rest = rest
        self._chunks = chunks
        self._held = True

    def begin(self) -> None:
        """Make the first part, within seconds. What it raises is the caller's, and the place is given back."""
        try:
            self._first = next(self._rest, b"")
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield self._first
            yield from self._rest
        except Exception as error:
            _log.warning("export broken off", reason=str(error))
            # The server breaks the answer off before its end. Some WSGI servers end it as if all were well: for their
            # clients the last line says that it is not.
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Called by the server when all is sent, or the client has gone."""
        for generator in (self._rest, self._chunks):
            generator.close()  # type: ignore[attr-defined] # both are generators
        if self._held:
            self._held = False
            _places.give_back(self._app_id)


@blueprint.route("/v1/export")
class HitsExport(MethodView):
    @blueprint.access("export:read", about="query")
    @blueprint.arguments(ExportQuery, location="query")
    @blueprint.response(200, description="The hits in the order of their times.")
    @blueprint.doc(responses={"200": {"description": "OK", "content": _STREAMS}})  # type: ignore[untyped-decorator] # flask-smorest has no types
    def get(self, query: dict[str, Any]) -> Response:
        """Export the hits of some days, as many as there are.

        In a CSV an apostrophe stands where a spreadsheet could take a value, or what follows a `;`, `|`, tab or line
        break in it, for a formula, and before an apostrophe that stands there itself. Where it breaks off, the last
        line says INCOMPLETE: in lines of JSON, as an error.
        """
        names = ("custom_params", "include_custom_params", "event_name", "session_id", "client_sub_id")
        exported = export(
            current_services().exporting,
            app_id=target().app_id,
            period=period_of(query),
            format_=query["format"],
            **{name: query[name] for name in names},
        )
        headers = {
            "Content-Type": "application/gzip" if query["gzip"] else exported.media_type,
            "Content-Disposition": f'attachment; filename="{exported.file_name}{".gz" if query["gzip"] else ""}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        on_the_way = not query["gzip"] and request.accept_encodings.quality("gzip") > 0
        if on_the_way:
            headers["Content-Encoding"] = "gzip"
        chunks = marked(exported.chunks, query["format"])
        rest = gzipped(chunks) if query["gzip"] or on_the_way else chunks
        return Response(_begun(target().app_id, rest, exported.chunks), headers=headers, direct_passthrough=True)


def _begun(app_id: str, rest: Iterator[bytes], chunks: Iterator[bytes]) -> _Stream:
    """Return the stream with its first part already made: what is wrong from the start is an answer of its own."""
    if not _places.take(app_id):
        limits = f"{MAX_CONCURRENT} exports are made at a time, {_PER_APPLICATION} for one application"
        sentence = f"{limits}: try again when one has ended."
        raise Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
    stream = _Stream(app_id, rest, chunks)
    stream.begin()
    return stream

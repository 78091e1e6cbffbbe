"""Export: the hits of one application over some days, as a stream of bytes that never stands in memory as a whole."""

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tracker.reading.asked import asked_of
from tracker.reading.export_lines import Format, fields_of, lines_of
from tracker.reading.export_rows import pages
from tracker.reading.identifier import identifier
from tracker.reading.parameter_filter import filter_text
from tracker.reading.period import Period
from tracker.store import statistics_reading
from tracker.store.database import Database
from tracker.store.exported_hits import ExportFilter

_MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "jsonl": "application/jsonl",
}
_BROKEN_OFF: Final = "INCOMPLETE: the export broke off here."
SILENCE: Final = 3.0
"""Seconds after which a reader hears that the export lives, as soon as the statement of that moment has ended."""
_GZIP_WINDOW: Final = 31
"""zlib's word for a gzip header and trailer around the largest window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export that may begin. `chunks` can be gone through once; what it raises, it raises in mid-stream.

    The first chunk comes within seconds, also where no hit has been found yet. A chunk may be empty.
    `counted` is how many hits the statistics know of for these days, for a progress bar: with a filter, fewer come.
    """

    chunks: Iterator[bytes]
    media_type: str
    file_name: str
    counted: int


def export(
    database: Database,
    *,
    app_id: str,
    period: Period,
    format_: Format,
    custom_params: Mapping[str, Any] | None = None,
    include_custom_params: bool = True,
    event_name: str | None = None,
    session_id: str | None = None,
    client_sub_id: str | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Export:
    """Check what is asked for and return the export; no hit has been read then. `on_rows` hears of each page's hits.

    Raises Refused (VALIDATION_ERROR, APPLICATION_NOT_FOUND) and DatabaseUnavailable; `chunks` raise Refused
    (SERVICE_UNAVAILABLE) where it takes PostgreSQL too long, and DatabaseUnavailable. Whoever stops listening closes
    `chunks`, which ends the reading.
    """
    wanted_params = None if custom_params is None else filter_text(custom_params)
    for name, text in (("event_name", event_name), ("session_id", session_id), ("client_sub_id", client_sub_id)):
        identifier(name, text)
    with asked_of(database, app_id) as (tx, application):
        days = statistics_reading.day_numbers(tx, application.id, period.first, period.last)
    wanted = ExportFilter(
        application=application,
        custom_params=wanted_params,
        event_name=event_name,
        session_id=session_id,
        client_sub_id=client_sub_id,
        with_params=include_custom_params,
    )
    beginning, lines = lines_of(format_, fields_of(with_params=include_custom_params))

    def chunks() -> Iterator[bytes]:
        unsent, heard = beginning, clock()
        for page in pages(database, wanted, period, format_, write=lines, sleep=sleep):
            if page.count or clock() - heard >= SILENCE:
                yield unsent + page.text
                unsent, heard = b"", clock()
            on_rows(page.count)
        if unsent:
            yield unsent

    return Export(
        chunks=chunks(),
        media_type=_MEDIA_TYPES[format_],
        file_name=f"{application.app_id}_{period.first}_{period.last}.{format_}",
        counted=sum(day["total_requests"] for day in days),
    )


def gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same as gzip (RFC 1952). Without its end, which comes only when all went well, it is broken.

    Each chunk makes bytes, so that whoever is on the way sees that there is life: an empty block says nothing in five.
    """
    compressor = zlib.compressobj(wbits=_GZIP_WINDOW)
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield compressor.compress(chunk) or compressor.flush(zlib.Z_SYNC_FLUSH)
    except Exception:
        if begun:  # Before that nothing has been sent, and what is wrong is still an answer of its own.
            yield compressor.flush(zlib.Z_SYNC_FLUSH)
        raise
    yield compressor.flush()


def marked(chunks: Iterator[bytes], format_: Format) -> Iterator[bytes]:
    """Yield the same, and where it breaks off, a last line that says so, before the error is raised.

    Not every server tells its client that an answer broke off; this line is no hit for any reader of the format.
    """
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield chunk
    except Exception as error:
        # Whatever it is, also a fault of ours: the reader must not take what there is for all.
        if begun:
            refused = {"code": "SERVICE_UNAVAILABLE", "message": _BROKEN_OFF}
            as_json = orjson.dumps({"success": False, "error": refused}) + b"\n"
            yield as_json if format_ == "jsonl" else f'"{_BROKEN_OFF}"\r\n'.encode()
        raise error from None

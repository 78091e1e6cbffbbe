"""The hits of an export, page by page, for as many as there are, with no more than two pages in memory.

While one page is on its way to the reader, PostgreSQL makes the next.

A page has a bound of bytes beside that of hits: strangers decide how long a hit is.

No statement runs for long and nothing is held between two of them: each page is a transaction of its own, found by the
place where the last one ended. The order is that of `created_at` and `id`, which never change, so that no hit comes
twice, and every hit comes that was stored before the first page was read. One that is stored meanwhile comes if its
place still lies ahead.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple

from tracker.errors import DatabaseUnavailable, TookTooLong
from tracker.reading.asked import bounded
from tracker.reading.export_lines import Format
from tracker.reading.export_window import Window
from tracker.reading.period import Period
from tracker.store import exported_hits, partitions
from tracker.store.database import Database
from tracker.store.exported_hits import ExportFilter, HitPosition, Page, Write

PAGE: Final = 5000
"""Hits at once, at most."""
PAGE_BYTES: Final = 2 * 1024 * 1024
"""Of a page's lines. One hit more may make it longer: whatever it is, it comes."""
_FIRST_PAGE: Final = 250
"""Hits that are asked for at first. PostgreSQL reads all of them, also where a few are as long as a page may be, so
that no more are asked for than would have fitted before, and at most twice as many."""
_PATIENCE: Final = 5.0
"""Seconds until a statement is given up for one that looks at less time; the last one has as long as its role gives."""
_PAUSES: Final = (0.5, 2.0, 5.0)
"""Seconds before a page is asked for again that PostgreSQL was too busy for, or away."""

Sleep = Callable[[float], None]


def pages(
    database: Database, wanted: ExportFilter, period: Period, format_: Format, *, write: Write, sleep: Sleep
) -> Iterator[Page]:
    """Yield the pages of `_pages`, each while the next one is on its way. Raises what that raises, in its place."""
    all_pages = _pages(_Reading(database, wanted, format_, write, sleep), period)
    try:
        # Whoever stops listening waits for the statement that runs, and for no other.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="export") as thread:
            page = thread.submit(next, all_pages, None).result()
            while page is not None:
                following = thread.submit(next, all_pages, None)
                yield page
                page = following.result()
    finally:
        all_pages.close()


class _Reading(NamedTuple):
    """What is the same for all pages of an export."""

    database: Database
    wanted: ExportFilter
    format_: Format
    write: Write
    sleep: Sleep


_NOTHING: Final = Page(b"", 0, 0, None, is_full=False, is_cut_off=False)


def _pages(reading: _Reading, period: Period) -> Generator[Page, None, None]:
    """Yield the hits in the order of their times, in pages of at most PAGE.

    An empty one says that it is still being looked.

    Raises Refused (SERVICE_UNAVAILABLE) where a minute's hits take PostgreSQL too long, and DatabaseUnavailable.
    """
    window = Window()
    for start, end in _months(reading.database, period):
        yield from _pages_within(reading, (start, end), window)


def _months(database: Database, period: Period) -> list[tuple[datetime, datetime]]:
    """Return the parts of the period that have a partition.

    The others have no hits, and there may be centuries of them.
    """
    with bounded(), database.snapshot(patience=_PATIENCE) as tx:
        partitions_of_all = partitions.list_partitions(tx)
    bounds = [
        (max(period.start, partition.start), min(period.end, partition.end))
        for partition in partitions_of_all
        if partition.table == partitions.TABLES[0] and partition.start is not None and partition.end is not None
    ]
    return sorted((start, end) for start, end in bounds if start < end)


def _pages_within(reading: _Reading, bounds: tuple[datetime, datetime], window: Window) -> Iterator[Page]:
    at, end = bounds
    after: HitPosition | None = None
    limit = min(_FIRST_PAGE, PAGE)
    while at < end:
        until = min(end, at + window.width)
        try:
            patience = None if window.is_narrowest else _PATIENCE
            page = _page(reading, (at, until), after=after, limit=limit, patience=patience)
        except TookTooLong:
            if window.is_narrowest:
                with bounded():
                    raise
            window.given_up()
            yield _NOTHING
            continue
        window.answered()
        after = page.last or after
        yield page
        if page.is_cut_off or page.is_full:
            limit = min(2 * limit, PAGE, _fitting(page))
        else:
            at = until


def _fitting(page: Page) -> int:
    """Return how many hits will nearly fill a page, if they are as long as those of this one.

    What PostgreSQL writes beyond a page's bytes is read, dropped, and written again.
    """
    return max(1, page.count * (PAGE_BYTES - PAGE_BYTES // 16) // page.size)


def _page(
    reading: _Reading,
    bounds: tuple[datetime, datetime],
    *,
    after: HitPosition | None,
    limit: int,
    patience: float | None,
) -> Page:
    """Return a page, retried a few times while PostgreSQL is unavailable: an export of an hour outlives a restart."""
    for pause in (*_PAUSES, None):
        try:
            with reading.database.snapshot(patience=patience) as tx:
                return exported_hits.page(
                    tx,
                    reading.wanted,
                    *bounds,
                    format_=reading.format_,
                    write=reading.write,
                    after=after,
                    limit=limit,
                    max_bytes=PAGE_BYTES,
                )
        except TookTooLong:
            raise
        except DatabaseUnavailable:
            if pause is None:
                raise
            reading.sleep(pause)
    raise AssertionError("the last attempt returns or raises")

"""Hits as examples tell them, mostly about when a visit goes on elsewhere; and what is counted of them."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.queued_hits import NOON, hit_of
from tests.support.reporting import CHROME, FIREFOX, Reporting, counted, path, visits
from tracker.application import Application
from tracker.hit import Hit

MIDNIGHT = NOON.replace(hour=0)
SOURCES_COUNTED = ("requests,page_views,visitors,sessions,duration", "sessions,bounce_rate")
"""Of hits, and of visits alone: reports have another way for these."""
REFERRERS = (None, "https://www.google.de/", "https://blog.example/post", "https://shop.example/")
told = st.tuples(
    # Mostly about the times at which a visit goes on into another file, a slot or a day.
    st.one_of(st.integers(-45, 45), st.integers(-45, 45), st.integers(-450, 450)),
    st.sampled_from(["a", "b"]),
    st.sampled_from([None, None, "s1"]),
    st.sampled_from(["/x", "/y", "/z"]),
    st.sampled_from([None, None, "click"]),
    st.sampled_from(REFERRERS),
    st.sampled_from([CHROME, CHROME, FIREFOX]),
)


def made_of(application: Application, hits: list[Any]) -> list[Hit]:
    """Return the hits that were told, a second after each other where they are of the same minute."""
    return [
        hit_of(
            application,
            number + 1,
            created_at=MIDNIGHT + timedelta(minutes=minutes, seconds=number),
            client_sub_id=client,
            session_id=session,
            url=f"https://shop.example{page}",
            event_name=event,
            referrer=referrer,
            user_agent=agent,
            custom_params={"price": number % 4},
        )
        for number, (minutes, client, session, page, event, referrer, agent) in enumerate(hits)
    ]


def compare_pages(reporting: Reporting, hits: list[Hit], asked: dict[str, str]) -> None:
    of = visits(hits)
    whole: dict[Any, list[Hit]] = {}
    for hit in hits:
        whole.setdefault(of[hit.id], []).append(hit)
    for name, end in (("entry_page", min), ("exit_page", max)):
        expected: dict[str, set[Any]] = {}
        for visit, theirs in whole.items():
            views = [hit for hit in theirs if hit.event_name is None] or theirs
            expected.setdefault(path(end(views, key=lambda hit: (hit.created_at, path(hit)))), set()).add(visit)
        by_page = reporting.rows(**{**asked, "dimensions": name, "measures": "sessions,bounce_rate"})
        assert {row[name]: row["sessions"] for row in by_page} == {page: len(some) for page, some in expected.items()}


def compare_sources(
    reporting: Reporting, hits: list[Hit], asked: dict[str, str], *, measures: tuple[str, ...] = SOURCES_COUNTED
) -> None:
    """Compare where visits came from with a plain count, by channel and by source."""
    of_hit = arrivals(hits)
    for at, name in enumerate(("visit_channel", "visit_source")):
        by_source: dict[str | None, list[Hit]] = {}
        for hit in hits:
            by_source.setdefault(of_hit[hit.id][at], []).append(hit)
        counts = {value: counted(some, hits) for value, some in by_source.items()}
        for chosen in measures:
            rows = reporting.rows(**{**asked, "dimensions": name, "measures": chosen})
            expected = {value: {one: of[one] for one in chosen.split(",")} for value, of in counts.items()}
            assert {row.pop(name): row for row in rows} == expected


def arrivals(hits: list[Hit]) -> dict[int, tuple[str, str | None]]:
    """Return the channel and the source of the visit that each hit belongs to, by its id."""
    of = visits(hits)
    first: dict[Any, tuple[Any, str, str | None]] = {}
    for hit in hits:
        if channel(hit) != "internal":
            came = ((hit.created_at, source(hit) or "", channel(hit)), channel(hit), source(hit))
            first[of[hit.id]] = min(first.get(of[hit.id], came), came, key=lambda one: one[0])
    return {hit.id: first[of[hit.id]][1:] if of[hit.id] in first else ("internal", None) for hit in hits}


def source(hit: Hit) -> str | None:
    return {REFERRERS[1]: "Google", REFERRERS[2]: "blog.example"}.get(hit.referrer)


def channel(hit: Hit) -> str:
    return {None: "direct", REFERRERS[1]: "search", REFERRERS[2]: "referral"}.get(hit.referrer, "internal")

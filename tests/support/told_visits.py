"""Hits as examples tell them, mostly about when a visit goes on elsewhere; and what is counted of them."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.queued_hits import NOON, hit_of
from tests.support.reporting import CHROME, FIREFOX, Reporting, path, visits
from tracker.application import Application
from tracker.hit import Hit

MIDNIGHT = NOON.replace(hour=0)
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


def channel(hit: Hit) -> str:
    return {None: "direct", REFERRERS[1]: "search", REFERRERS[2]: "referral"}.get(hit.referrer, "internal")

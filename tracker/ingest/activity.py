"""What the hits of one batch add to sessions; pure."""

from collections.abc import Iterable, Sequence

from tracker.hit import Hit
from tracker.store.sessions import SessionActivity

PAGE_VIEWS = frozenset((None, "page_view", "pageview"))
"""The event names of a hit that counts as a page view: none, or one that says so."""


def activities_of(hits: Iterable[Hit]) -> list[list[SessionActivity]]:
    """Return the activities, to be upserted list after list, each list naming a session once and sorted by it.

    There is more than one list only where hits of several applications name the same session. The application of
    the earliest hit comes first and has the session if it is new; the others' activities must be offered all the
    same, because the session may be there already and theirs.
    """
    groups: dict[str, dict[object, list[Hit]]] = {}
    for hit in hits:
        if hit.session_id is not None:
            groups.setdefault(hit.session_id, {}).setdefault(hit.application_id, []).append(hit)
    rounds: list[list[SessionActivity]] = []
    for session_id in sorted(groups):
        by_application = sorted(map(_in_order, groups[session_id].values()), key=_first)
        for number, ordered in enumerate(by_application):
            if number == len(rounds):
                rounds.append([])
            rounds[number].append(_activity(session_id, ordered))
    return rounds


def _in_order(hits: list[Hit]) -> Sequence[Hit]:
    return hits if len(hits) == 1 else sorted(hits, key=_time)


def _time(hit: Hit) -> tuple[object, int]:
    return hit.created_at, hit.id


def _first(hits: Sequence[Hit]) -> tuple[object, int]:
    return _time(hits[0])


def _activity(session_id: str, hits: Sequence[Hit]) -> SessionActivity:
    """Of the columns that describe the visitor the earliest value counts, of custom parameters the latest."""
    first = hits[0]
    if len(hits) == 1:
        return SessionActivity(
            session_id=session_id,
            application_id=first.application_id,
            app_id=first.app_id,
            client_sub_id=first.client_sub_id,
            module_id=first.module_id,
            user_agent=first.user_agent,
            ip_address=first.ip_address,
            first_accessed_at=first.created_at,
            last_accessed_at=first.created_at,
            page_views=int(first.event_name in PAGE_VIEWS),
            session_custom_params=first.custom_params or None,
        )
    params = None
    for hit in hits:
        if hit.custom_params:
            params = hit.custom_params if params is None else {**params, **hit.custom_params}
    return SessionActivity(
        session_id=session_id,
        application_id=first.application_id,
        app_id=first.app_id,
        client_sub_id=_earliest(hits, "client_sub_id"),
        module_id=_earliest(hits, "module_id"),
        user_agent=_earliest(hits, "user_agent"),
        ip_address=_earliest(hits, "ip_address"),
        first_accessed_at=first.created_at,
        last_accessed_at=hits[-1].created_at,
        page_views=sum(hit.event_name in PAGE_VIEWS for hit in hits),
        session_custom_params=params,
    )


def _earliest(hits: Sequence[Hit], column: str) -> str | None:
    """Return the first text of a column: mostly the first hit has one."""
    for hit in hits:
        value: str | None = getattr(hit, column)
        if value is not None:
            return value
    return None

"""Failed hits, for the operator: looked at, edited, sent in again, given up; and any one hit by its id."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from flask import Response, request

from tracker.dashboard.form import form
from tracker.dashboard.list_pages import bytes_of, first_of_page, how_many_fit
from tracker.dashboard.once import once
from tracker.dashboard.origin import require_own_page
from tracker.dashboard.page import home, page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.reason import without_values
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import require_operator, viewer
from tracker.errors import Refused, invalid
from tracker.management import failed_hits
from tracker.management.failed_hits import FailedHitRow
from tracker.web import timestamps

_LIST_BYTES: Final = 140_000
"""About as much of the page's HTML is failed hits: with its files it stays below 200 KB."""
_ROW_BYTES: Final = 500
"""What a row takes beside the application and the reason, which it shows and links to."""
_MAX_SHOWN: Final = 100
_LOOKED_AT: Final = 10_000
"""Failed hits, the latest, among which those of a reason are looked for."""
MAX_AT_ONCE: Final = 1000
"""Hits that one click sends in again or gives up: some seconds."""
_DONE: Final = ("retry", "discard", "edit")
MAX_HIT_BYTES: Final = 1_000_000
"""Of a form with a hit in it: each of its bytes may take three."""


def show() -> Response:
    """Return the failed hits, the latest first; of one application or one reason where they are named."""
    require_operator()
    app_id, reason = _named(request.args)
    matching = _matching(app_id, reason)
    after = first_of_page(matching)
    hits = [(hit, without_values(hit.reason)) for hit in matching[after : after + _MAX_SHOWN]]
    links = (
        query_string(app_id=hit.app_id, reason=why) + query_string(app_id=app_id, reason=reason) for hit, why in hits
    )
    sizes = (_ROW_BYTES + bytes_of(hit.app_id, why, link) for (hit, why), link in zip(hits, links, strict=True))
    following = after + how_many_fit(sizes, _LIST_BYTES)
    return page(
        "failed_hits.html",
        hits=hits[: following - after],
        count=len(matching),
        after=after,
        next_page=following if following < len(matching) else None,
        looked_at=_LOOKED_AT,
        at_once=min(MAX_AT_ONCE, len(matching)),
        app_id=app_id,
        reason=reason,
        query=query_string,
        done=_done(),
    )


def hit() -> Response:
    """Return where one hit is, and as what, by its tracking id; without one, the form that asks for it."""
    require_operator()
    return _page_of(request.args.get("id", "").strip())


def _page_of(text: str, *, written: str | None = None, refused: Refused | None = None) -> Response:
    """Return the page of a hit; `written` is what somebody wants it to be, and `refused` why it cannot."""
    hit, missing = None, False
    if text:
        services = current_services()
        try:
            hit = failed_hits.show(services.database, services.redis, _tracking_id(text))
        except Refused as nowhere:
            if nowhere.code != "NOT_FOUND":
                raise
            missing = True
    values = [] if hit is None else [(name, _plain(value)) for name, value in hit.values.items()]
    may_edit = hit is not None and hit.state == "failed"
    return page(
        "hit.html",
        status=200 if refused is None else refused.status,
        tracking_id=text,
        found=hit,
        missing=missing,
        values=values,
        done=_done(),
        refused=refused,
        written=dict(values).get("tracking_data", "") if written is None and may_edit else written,
        seen_at=hit.values["updated_at"].isoformat() if hit is not None and may_edit else None,
    )


def change() -> Response:
    """Send failed hits in again, or give them up: one by its id, or those of an application and a reason."""
    require_operator()
    require_own_page()
    fields = form(max_bytes=MAX_HIT_BYTES)
    action = fields.get("action")
    if action not in _DONE:
        raise invalid("There is no such action.", action=["Must be one of " + ", ".join(_DONE)])
    return once(fields, partial(_edit if action == "edit" else _change, fields))


def _change(fields: Mapping[str, str]) -> Response:
    """Send in again, or give up, what the form names, and lead back with how many there were."""
    action = fields["action"]
    app_id, reason = _named(fields)
    if fields.get("id"):
        ids = [_tracking_id(fields["id"])]
        back: dict[str, str] = {"id": str(ids[0])}
    else:
        # The oldest of them first: they failed in that order.
        ids = [row.id for row in reversed(_matching(app_id, reason))][:MAX_AT_ONCE]
        back = {"app_id": app_id or "", "reason": reason or ""}
    count = len(ids) - len(_changed(action, ids))
    path = f"{home()}/operations/{'hit' if fields.get('id') else 'failed'}"
    return see(f"{path}?{urlencode({**{k: v for k, v in back.items() if v}, 'done': action, 'count': count})}")


def _edit(fields: Mapping[str, str]) -> Response:
    """Give a hit other values and send it in; or show it again as it was written, with what is wrong about it."""
    services, now = current_services(), current_services().clock.now()
    tracking_id, text = _tracking_id(fields.get("id", "")), fields.get("tracking_data", "")
    seen_at = timestamps.in_utc(fields.get("seen_at"), timestamps.STRICT)
    if seen_at is None:
        raise invalid(f"seen_at: {timestamps.NO_TIMESTAMP}", seen_at=[timestamps.NO_TIMESTAMP])
    services.instance.look()
    try:
        failed_hits.edit(services.database, tracking_id, text, seen_at=seen_at, now=now, by=viewer().actor)
    except Refused as refused:
        if refused.code == "NOT_FOUND":
            raise
        return _page_of(str(tracking_id), written=text, refused=refused)
    count = 1 - len(_changed("retry", [tracking_id]))
    return see(f"{home()}/operations/hit?{urlencode({'id': str(tracking_id), 'done': 'edit', 'count': count})}")


def _changed(action: str, ids: Sequence[UUID]) -> list[UUID]:
    """Do it; return those that were not failed any more.

    Raises ForeignQueue, QueueUnavailable and DatabaseUnavailable.
    """
    services, by = current_services(), viewer().actor
    if action == "discard":
        return failed_hits.discard(services.database, ids, by=by)
    services.instance.look()
    missing = failed_hits.retry(services.database, services.redis, ids, services.clock.now(), by=by)
    services.wake_worker()
    return missing


def _matching(app_id: str | None, reason: str | None) -> list[FailedHitRow]:
    rows = failed_hits.reasons(current_services().database, app_id=app_id, limit=_LOOKED_AT)
    return rows if reason is None else [row for row in rows if without_values(row.reason) == reason]


def _named(fields: Mapping[str, str]) -> tuple[str | None, str | None]:
    app_id, reason = fields.get("app_id") or None, fields.get("reason") or None
    if app_id is not None and "\0" in app_id:
        raise invalid("The form holds the character NUL.")
    return app_id, reason


def _tracking_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid("This is no tracking id.", id=["Must be a UUID."]) from None


def _done() -> tuple[str, int] | None:
    """Return what was just done, as the way back says; None for nothing, and for what nobody here has said."""
    action, count = request.args.get("done"), request.args.get("count", "")
    return (action, int(count)) if action in _DONE and count.isascii() and count.isdigit() and len(count) < 7 else None  # noqa: PLR2004 digits of no more than MAX_AT_ONCE


def _plain(value: Any) -> str:  # noqa: ANN401 a column of any type
    if value is None:
        return ""
    if isinstance(value, bytes):
        try:
            value = orjson.loads(value)
        except ValueError:
            return bytes(value).decode(errors="replace")
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    return str(value)

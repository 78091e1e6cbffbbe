"""What was sent to one webhook and what became of it: listed, sent again, discarded; and the webhook changed."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

import orjson
from flask import Response, g, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import Action, change, require
from tracker.dashboard.list_pages import bytes_of, how_many_fit
from tracker.dashboard.page import address, page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.dashboard.webhooks_page import PERMISSION
from tracker.errors import Refused, not_found
from tracker.management import webhook_deliveries, webhooks
from tracker.management.versions import version_of
from tracker.management.webhook_urls import place_of
from tracker.outbox.event_types import EVERYTHING, NAMES
from tracker.store.webhook_deliveries import State

STATES: Final[tuple[State, ...]] = get_args(State)
_PAGE: Final = 50
_LIST_BYTES: Final = 145_000
"""About as much of a page's HTML is deliveries, and events to choose from: with its files it stays below 200 KB."""
_ROW_BYTES: Final = 500
_EVENT_BYTES: Final = 220
"""What a delivery and an event take beside names and reasons."""
_MAX_DIGITS: Final = 18
"""Of a delivery's id in an address."""
_DONE: Final = ("saved", "again", "discarded")


def show(app_id: str, webhook_id: UUID) -> Response:
    """Return the list: all, or those of one state, the latest first."""
    require(PERMISSION)
    return _page(app_id, webhook_id)


def save(app_id: str, webhook_id: UUID) -> Response:
    """Change where the webhook leads and what it asks for, or give it a new secret, which the answer shows."""
    actions: dict[str, Action] = {"change": partial(_change, webhook_id), "rotate": partial(_rotate, webhook_id)}
    answer, refused = change(app_id, PERMISSION, actions)
    if refused is not None:
        return _page(app_id, webhook_id, refused=refused)
    return answer or see(f"{_address(app_id, webhook_id)}?done=saved")


def delivery(app_id: str, webhook_id: UUID, delivery_id: int) -> Response:
    """Return one delivery: its attempts, and what was sent or will be."""
    require(PERMISSION)
    return _delivery_page(app_id, webhook_id, delivery_id)


def change_delivery(app_id: str, webhook_id: UUID, delivery_id: int) -> Response:
    """Send one delivery again under the same event id, whatever became of it, or discard it while it waits."""
    actions: dict[str, Action] = {
        "redeliver": partial(_do, webhook_deliveries.redeliver, "again", webhook_id, delivery_id),
        "discard": partial(_do, webhook_deliveries.discard, "discarded", webhook_id, delivery_id),
    }
    answer, refused = change(app_id, PERMISSION, actions)
    if refused is not None and refused.code == "NOT_FOUND":
        raise refused
    if refused is not None:
        return _delivery_page(app_id, webhook_id, delivery_id, refused)
    return answer or see(f"{_address(app_id, webhook_id)}/deliveries/{delivery_id}")


def _change(webhook_id: UUID, app_id: str, fields: Mapping[str, str]) -> None:
    services, seen = current_services(), fields.get("version")
    webhooks.update(
        services.database,
        services.webhook_rules,
        webhook_id,
        url=fields.get("url", "").strip() or None,
        events=[name.removeprefix("on:") for name in fields if name.startswith("on:")],
        app_id=app_id,
        now=services.clock.now(),
        by=viewer().actor,
        expected=None if seen is None else frozenset({seen}),
    )


def _rotate(webhook_id: UUID, app_id: str, _fields: Mapping[str, str]) -> Response:
    services = current_services()
    made = webhooks.rotate_secret(
        services.database,
        services.webhook_rules,
        webhook_id,
        app_id=app_id,
        now=services.clock.now(),
        by=viewer().actor,
    )
    return _page(app_id, webhook_id, secret=made.secret)


def _do(
    service: Callable[..., object],
    done: str,
    webhook_id: UUID,
    delivery_id: int,
    app_id: str,
    _fields: Mapping[str, str],
) -> Response:
    services = current_services()
    now = services.clock.now()
    service(services.database, webhook_id, str(delivery_id), app_id=app_id, now=now, by=viewer().actor)
    return see(f"{_address(app_id, webhook_id)}/deliveries/{delivery_id}?done={done}")


def _page(app_id: str, webhook_id: UUID, *, secret: str | None = None, refused: Refused | None = None) -> Response:
    shown = _frame(app_id, webhook_id)
    state, before = request.args.get("state"), request.args.get("before", "")
    chosen = next((name for name in STATES if name == state), None)
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) <= _MAX_DIGITS else None
    rows = webhook_deliveries.list_(
        current_services().database,
        webhook_id,
        app_id=app_id,
        state=chosen,
        before_id=before_id,
        limit=_PAGE + 1,
    )
    # A form that was refused may ask for events that somebody else has taken out meanwhile.
    entered = [name.removeprefix("on:") for name in g.get("entered", {}) if name.startswith("on:")]
    offered = dict.fromkeys((EVERYTHING, *NAMES, *shown["webhook"].events, *entered))
    room = _LIST_BYTES - sum(_EVENT_BYTES + 3 * bytes_of(name) for name in offered)
    sizes = (_ROW_BYTES + 2 * bytes_of(row.event_type) + bytes_of(row.last_error or "") for row in rows[:_PAGE])
    count = how_many_fit(sizes, room)
    return page(
        "deliveries.html",
        status=200 if refused is None else refused.status,
        script=secret is not None,
        **shown,
        rows=rows[:count],
        states=STATES,
        state=chosen,
        query=query_string,
        next_page=rows[count - 1].id if count < len(rows) else None,
        is_first=before_id is None,
        events=tuple(offered),
        hours=webhooks.OLD_SECRET_HOURS,
        version_seen=version_of(shown["webhook"]),
        secret=secret,
        refused=refused,
    )


def _delivery_page(app_id: str, webhook_id: UUID, delivery_id: int, refused: Refused | None = None) -> Response:
    shown = _frame(app_id, webhook_id)
    row, payload = webhook_deliveries.show(
        current_services().database, webhook_id, delivery_id, app_id=shown["application"].app_id
    )
    return page(
        "delivery.html",
        status=200 if refused is None else refused.status,
        **shown,
        delivery=row,
        body=orjson.dumps(orjson.loads(payload), option=orjson.OPT_INDENT_2).decode(),
        refused=refused,
    )


def _frame(app_id: str, webhook_id: UUID) -> dict[str, Any]:
    """Return what both pages show. Raises Refused for another application's webhook, and where there is none."""
    shown = frame(app_id)
    webhook = next((one for one in shown["webhooks"] if one.id == webhook_id), None)
    if webhook is None:
        raise not_found("There is no such webhook.")
    done = request.args.get("done")
    return {
        **shown,
        "webhook": webhook,
        "place": place_of,
        "list_home": _address(app_id, webhook_id),
        "done": done if done in _DONE else None,
    }


def _address(app_id: str, webhook_id: UUID) -> str:
    return f"{address(app_id)}/webhooks/{webhook_id}"

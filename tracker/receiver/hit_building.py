"""From a caller's checked fields to an entry of the queue: identity and time are fixed here, once.

Here too the application's privacy settings are applied, so that what they withhold is written nowhere.
"""

from datetime import datetime, timedelta
from typing import Any

import orjson

from tracker.application import Application
from tracker.errors import Refused
from tracker.hit import IdSource, tracking_id_of
from tracker.json_rules import refusal
from tracker.privacy.anonymization import Privacy
from tracker.queueing.entry import Entry
from tracker.queueing.process_number import ProcessNumber
from tracker.receiver.kept_months import NOT_KNOWN_YET
from tracker.web.request_headers import Sender

_NO_COLUMNS = ("event_id", "age_ms", "timestamp", "priority")
"""Fields of a hit that say something about it and are not stored with it."""
OLDEST = timedelta(hours=24)
NEWEST = timedelta(minutes=5)
_RETRY_AFTER = 2
"""Seconds, after which the months have been looked at, unless PostgreSQL is away."""


class HitIds:
    """Ids for new hits: this process's leased number and a count that only grows.

    Thread-safe. `check` keeps the lease; it is called beside the requests.
    """

    def __init__(self, process_number: ProcessNumber) -> None:
        self._process_number = process_number
        self._number = process_number.draw()
        self._ids = IdSource(self._number)

    def next(self, now: datetime) -> int:
        return self._ids.next(now)

    def several(self, now: datetime, count: int) -> list[int]:
        """Return so many of them, in their order."""
        return self._ids.several(now, count)

    def check(self) -> None:
        """Renew the lease, and go on with another number where another process holds this one."""
        number = self._process_number.check()
        if number != self._number:
            self._number = number
            self._ids = IdSource(number)


def time_of(fields: dict[str, Any], now: datetime, since: datetime | None = None) -> datetime:
    """Return when the hit happened: the caller's `timestamp`, else `age_ms` before now.

    Raises Refused out of the window, which begins a day ago, or with `since`; as 503 where that is not known yet and
    decides: a sender that took a 400 for the last word would lose the hit.
    """
    timestamp: datetime | None = fields.get("timestamp")
    if timestamp is not None:
        day_ago = now - OLDEST
        if since is NOT_KNOWN_YET:
            if timestamp < day_ago:
                raise _months_not_known()
            since = None
        if not (since or day_ago) <= timestamp <= now + NEWEST:
            begin = f"Must not lie before {since:%Y-%m-%d}" if since else "Must lie within the last 24 hours"
            raise refusal("timestamp", f"{begin}, and at most 5 minutes ahead.")
        return timestamp
    age_ms = fields.get("age_ms")
    return now - timedelta(milliseconds=age_ms) if age_ms else now


def _months_not_known() -> Refused:
    return Refused(
        "SERVICE_UNAVAILABLE",
        503,
        "It is not known yet how far back hits are kept: send those of more than a day ago again in a moment.",
        retry_after=_RETRY_AFTER,
    )


def build_entry(
    application: Application,
    fields: dict[str, Any],
    sender: Sender,
    privacy: Privacy,
    *,
    hit_id: int,
    now: datetime,
    max_retries: int,
    longest: int | None = None,
    since: datetime | None = None,
) -> tuple[Entry, datetime]:
    """Return the entry of a hit with `fields` as `hit_form.load_hit` returns them, and when the hit happened.

    Raises Refused for a time out of the window, which begins a day ago or with `since`, or where the stored form has
    over `longest` bytes.
    """
    happened_at = time_of(fields, now, since)
    columns: dict[str, Any] = {
        "id": hit_id,
        "created_at": happened_at,
        "application_id": application.id,
        "app_id": application.app_id,
        **fields,
    }
    for name in _NO_COLUMNS:
        columns.pop(name, None)
    get = fields.get
    address = get("ip_address") or sender.ip_address
    kept = {
        "url": privacy.url(get("url")),
        "referrer": privacy.url(get("referrer")),
        "user_agent": privacy.user_agent(get("user_agent") or sender.user_agent),
        "ip_address": privacy.address(address),
        "place": privacy.place(address),
        "event_data": privacy.event_data(get("event_data")),
    }
    for name, value in kept.items():
        if value is not None:
            columns[name] = value
        elif name in columns:
            del columns[name]
    # What `Hit.decode` reads as the hit with these columns: making that first takes as long as all of this.
    tracking_data = orjson.dumps(columns)
    if longest is not None and len(tracking_data) > longest:
        raise Refused("PAYLOAD_TOO_LARGE", 413, f"An event may have at most {longest} bytes.")
    # By position: by names it takes twice as long.
    entry = Entry(tracking_id_of(hit_id, happened_at), tracking_data, now, now, get("priority", 0), 0, max_retries)
    return entry, happened_at

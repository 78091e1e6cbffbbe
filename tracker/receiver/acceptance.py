"""From a request's values to an accepted hit: *who, may they, fit the form, put on the shelf*."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import Refused
from tracker.hit import identity_of
from tracker.queueing.intake import Acceptance
from tracker.receiver.application_cache import ApplicationCache
from tracker.receiver.caller import key_of, presented_key, require_active
from tracker.receiver.client_address import client_address
from tracker.receiver.header_text import clean
from tracker.receiver.hit_building import Sender, build_entry
from tracker.receiver.hit_form import LONGEST_APP_ID, LONGEST_USER_AGENT, app_id_in, app_id_missing, load_hit
from tracker.receiver.identities import Identities
from tracker.receiver.shelf import Shelf
from tracker.receiver.upkeep import Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What accepting hits needs; one per process."""

    applications: ApplicationCache
    identities: Identities
    shelf: Shelf
    upkeep: Upkeep
    clock: Clock
    trusted_proxies: int
    max_retries: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A hit that was taken, or had been before, and when it happened."""

    tracking_id: UUID
    happened_at: datetime
    acceptance: Acceptance


class LimitExceeded(Refused):
    """The 429; it carries what the answer says about the limit."""

    def __init__(self, acceptance: Acceptance, now: datetime) -> None:
        super().__init__(
            "RATE_LIMIT_EXCEEDED",
            429,
            f"The application's limit of {acceptance.limit} hits a minute is reached.",
            retry_after=max(1, acceptance.reset - int(now.timestamp())),
        )
        self.acceptance = acceptance


def accept_hit(counter: Counter, values: dict[str, Any], environ: Mapping[str, Any], now: datetime) -> Accepted:
    """Take one hit. Raises Refused."""
    presented = presented_key(environ)
    application = _application(counter, values, presented)
    require_active(application)
    fields = load_hit(values, key_of(presented, application, now))
    entry, happened_at = build_entry(
        application,
        fields,
        sender_of(counter, environ),
        hit_id=counter.identities.next(now),
        now=now,
        max_retries=counter.max_retries,
    )
    event_id = fields.get("event_id")
    acceptance = counter.shelf.offer(application, (entry,), now, (event_id,) if event_id else ())
    if not acceptance.taken:
        raise LimitExceeded(acceptance, now)
    first = acceptance.repeats.get(0)
    return Accepted(first or entry.id, identity_of(first)[1] if first else happened_at, acceptance)


def sender_of(counter: Counter, environ: Mapping[str, Any]) -> Sender:
    return Sender(
        client_address(environ, counter.trusted_proxies), clean(environ.get("HTTP_USER_AGENT"), LONGEST_USER_AGENT)
    )


def application_not_found() -> Refused:
    return Refused("APPLICATION_NOT_FOUND", 404, "There is no application with this app_id.")


def _application(counter: Counter, values: Mapping[str, Any], presented: str | None) -> Application:
    """The application that the hit names; where it names none, some beacons say it in `X-API-Key`."""
    app_id = app_id_in(values)
    if app_id is None:
        could_be_one = presented is not None and len(presented) <= LONGEST_APP_ID and presented.isprintable()
        found = counter.applications.find(presented) if presented is not None and could_be_one else None
        if found is None:
            raise app_id_missing()
        return found
    application = counter.applications.find(app_id)
    if application is None:
        raise application_not_found()
    return application

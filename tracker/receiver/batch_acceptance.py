"""From a batch to its results: each event is judged alone, and the good ones go into the queue in one round trip."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from tracker.application import Application
from tracker.dialects.original import translated
from tracker.errors import Refused
from tracker.hit import identity_of
from tracker.json_rules import check, refusal
from tracker.queueing.accept_command import Offer
from tracker.queueing.entry import Entry
from tracker.queueing.producer import Enqueued
from tracker.queueing.quota import whole
from tracker.receiver.admission import app_id_in, require_dialect
from tracker.receiver.batch_admission import batch_caller
from tracker.receiver.batch_body import BatchBody, parse_batch
from tracker.receiver.common_events import MAX_EVENTS, CommonEntries, common_batch_of
from tracker.receiver.context import HitRequest, ReceiverContext
from tracker.receiver.filtering import reason_to_drop_keyed
from tracker.receiver.hit_building import build_entry
from tracker.receiver.hit_form import TRUSTED, load_hit
from tracker.receiver.tracking import LimitExceeded, earliest
from tracker.trace_context import ENVIRON_KEY, trace_of
from tracker.web.envelope import error_body

MAX_EVENT_BYTES = 65_536
"""Bytes of one event's stored form: what a single hit may have as its body."""


@dataclass(frozen=True, slots=True)
class _Good:
    """The events that may be taken: lists side by side, of which each event is in the same place."""

    places: list[int] = field(default_factory=list)
    """Where they stand in the batch."""
    entries: list[Entry] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    event_ids: list[str | None] = field(default_factory=list)

    def add(self, place: int, entry: Entry, happened_at: datetime, event_id: str | None) -> None:
        self.places.append(place)
        self.entries.append(entry)
        self.times.append(happened_at)
        self.event_ids.append(event_id)


class BatchResult(NamedTuple):
    """What became of each event of a batch."""

    data: dict[str, Any]
    enqueued: Enqueued | None


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch whose events are judged: the entries of the good ones have to go into the queue."""

    offer: Offer
    good: _Good
    results: list[dict[str, Any]]
    context: ReceiverContext

    def accepted(self, enqueued: Enqueued) -> BatchResult:
        """Return what became of the events. Raises LimitExceeded where not one of the good ones fits."""
        if not enqueued.accepted:
            raise LimitExceeded(enqueued, self.offer)
        # Not before: what is refused for now comes again as a whole.
        filtered = _count_others(self.context, self.offer.application, self.offer.now, self.results)
        good, results = self.good, self.results
        for place, entry, time in zip(good.places[: enqueued.accepted], good.entries, good.times, strict=False):
            results[place] = {"index": place, "success": True, "tracking_id": entry.id, "timestamp": time}
        for position, first in enqueued.repeats.items():
            results[good.places[position]] |= {"tracking_id": first, "timestamp": identity_of(first)[1]}
        for place in good.places[enqueued.accepted :]:
            results[place] = _failure(place, LimitExceeded(enqueued, self.offer))
        return _result(results, filtered, enqueued)


def take_batch(context: ReceiverContext, request: HitRequest, body: bytes) -> PreparedBatch | BatchResult:
    """Make entries of the events that are in order. Raises Refused for the whole."""
    is_common = request.dialect is None and ENVIRON_KEY not in request.environ
    taken = _take_common_batch(context, request, body) if is_common else None
    return _take_any_batch(context, request, parse_batch(body, request.environ)) if taken is None else taken


def _take_common_batch(
    context: ReceiverContext, request: HitRequest, body: bytes
) -> PreparedBatch | BatchResult | None:
    """Do it the short way; None where the batch, or the caller, is for the long one to judge."""
    batch = common_batch_of(body)
    if batch is None:
        return None
    now = request.now
    naming = [] if batch.app_id else [{"app_id": event.app_id} for event in batch.events]
    application, key = batch_caller(context, request, {"app_id": batch.app_id}, naming)
    context.key_use.note(key, now)
    rules = context.rules.rules_of(application)
    entries = CommonEntries(
        application,
        request.sender,
        rules.privacy,
        is_trusted=key.may(TRUSTED),
        speaks_original=rules.speaks_original,
        now=now,
        since=earliest(context, application, key, now),
        max_retries=context.max_retries,
        max_bytes=MAX_EVENT_BYTES,
    )
    results: list[dict[str, Any]] = [{} for _ in batch.events]
    good = _Good()
    hit_ids = context.hit_ids.several(now, len(batch.events))
    names_bots = rules.drops_bots and key.may(TRUSTED)
    for place, event in enumerate(batch.events):
        if names_bots and (reason := reason_to_drop_keyed(rules, event.user_agent)):
            results[place] = {"index": place, "success": True, "filtered": reason}
            continue
        made = entries.entry_of(event, hit_ids[place])
        if made is None:
            return None
        entry, happened_at = made
        good.add(place, entry, happened_at, event.event_id)
    return _prepared(context, application, good, results, now, is_whole=False)


def _take_any_batch(context: ReceiverContext, request: HitRequest, batch: BatchBody) -> PreparedBatch | BatchResult:
    """Do it the long way, which decides about each event and explains."""
    now = request.now
    events = _events(batch)
    application, key = batch_caller(context, request, batch.value, events)
    context.key_use.note(key, now)
    rules = context.rules.rules_of(application)
    require_dialect(rules, request.dialect)
    since, trace = earliest(context, application, key, now), trace_of(request.environ)
    results: list[dict[str, Any]] = [{} for _ in events]
    good = _Good()
    for index, event in enumerate(events):
        try:
            values = _values(event, application, suspicious=batch.suspicious)
            if rules.speaks_original:
                values = translated(values, application.parameters)
            fields = load_hit(values, key) | trace
            if reason := reason_to_drop_keyed(rules, fields.get("user_agent")):
                results[index] = {"index": index, "success": True, "filtered": reason}
                continue
            entry, happened_at = build_entry(
                application,
                fields,
                request.sender,
                rules.privacy,
                hit_id=context.hit_ids.next(now),
                now=now,
                max_retries=context.max_retries,
                longest=MAX_EVENT_BYTES,
                since=since,
            )
        except Refused as refused:
            if refused.retry_after is not None:
                raise  # In a moment the whole batch may be taken; nothing of it has left yet.
            results[index] = _failure(index, refused)
        else:
            good.add(index, entry, happened_at, fields.get("event_id"))
    return _prepared(context, application, good, results, now, is_whole=batch.is_whole)


def _prepared(
    context: ReceiverContext,
    application: Application,
    good: _Good,
    results: list[dict[str, Any]],
    now: datetime,
    *,
    is_whole: bool,
) -> PreparedBatch | BatchResult:
    if not good.entries:
        return _result(results, _count_others(context, application, now, results), None)
    quota = context.rules.rules_of(application).allowance.with_key
    event_ids = good.event_ids if any(good.event_ids) else ()
    offer = Offer(application, good.entries, now, event_ids, whole(quota) if is_whole else quota)
    return PreparedBatch(offer, good, results, context)


def _count_others(
    context: ReceiverContext, application: Application, now: datetime, results: list[dict[str, Any]]
) -> int:
    """Count the events that were refused and those that were filtered, and return how many the latter were.

    The results of good events are empty yet.
    """
    filtered = 0
    for result in results:
        if "filtered" in result:
            filtered += 1
        elif result:
            context.filtered.add_refused(application.id, result["error"]["code"], now)
    if filtered:
        context.filtered.add(application.id, "bot", now, filtered)
    return filtered


def _result(results: list[dict[str, Any]], filtered: int, enqueued: Enqueued | None) -> BatchResult:
    processed = sum(result["success"] for result in results)
    failed = len(results) - processed
    data = {"processed": processed, "failed": failed, "filtered": filtered, "results": results}
    return BatchResult(data, enqueued)


def _events(batch: BatchBody) -> list[Any]:
    """Return the events of a batch whose own fields, beside them, are in order."""
    events = batch.value.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise refusal("events", f"Must be an array of 1 to {MAX_EVENTS} events.")
    beside = {name: value for name, value in batch.value.items() if name != "events"}
    check(beside, suspicious=batch.suspicious)
    return events


def _values(event: object, application: Application, *, suspicious: bool) -> dict[str, Any]:
    if isinstance(event, Refused):
        raise event
    if not isinstance(event, dict):
        raise refusal("event", "Must be a JSON object.")
    check(event, suspicious=suspicious)
    app_id = app_id_in(event)
    if app_id is not None and app_id != application.app_id:
        raise Refused("FORBIDDEN", 403, "app_id: The API key belongs to another application.")
    return event


def _failure(index: int, refused: Refused) -> dict[str, Any]:
    return {"index": index, "success": False, "error": error_body(refused)}

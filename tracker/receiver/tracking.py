"""The way of a hit from a request to an entry: *who, may they, fit the form, to be counted, build*."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from tracker.application import ApiKey, Application
from tracker.dialects.original import translated
from tracker.errors import Refused
from tracker.hit import identity_of
from tracker.privacy.anonymization import without_visitor
from tracker.queueing.accept_command import Offer
from tracker.queueing.producer import Enqueued
from tracker.queueing.quota import Limit, fits_ever
from tracker.receiver.admission import AdmittedCaller, admit, named_application, require_dialect
from tracker.receiver.context import HitRequest, ReceiverContext
from tracker.receiver.filtering import HitCounts, Reason, left_out_in, reason_to_drop, reason_to_drop_keyed, wish_of
from tracker.receiver.hit_building import build_entry
from tracker.receiver.hit_form import TRUSTED, load_hit
from tracker.trace_context import ENVIRON_KEY, trace_of
from tracker.web.request_headers import UNNAMED

_SENTENCES: dict[Limit, str] = {
    "rate_limit": "The application's limit of {limit} hits a minute is reached.",
    "open_limit": "Hits without a key have used up their part of the application's limit of {limit} hits a minute.",
    "address_limit": "This address has used up its share of the application's limit of {limit} hits a minute.",
    "byte_budget": "The application has used up the bytes that it may send in a day (UTC).",
}


class Accepted(Struct, frozen=True):
    """A hit that was taken, or had been before, and when it happened."""

    tracking_id: UUID
    happened_at: datetime
    enqueued: Enqueued


@dataclass(frozen=True, slots=True)
class Filtered:
    """A hit that was in order and is counted as no visit: its answer says why, and a counter counts it."""

    reason: Reason


class LimitExceeded(Refused):
    """The 429, or the 413 of what is taken all or none and is larger than a limit; it says what is left of it."""

    def __init__(self, enqueued: Enqueued, offer: Offer) -> None:
        sentence = _SENTENCES[enqueued.used_up or "rate_limit"].format(limit=enqueued.limit)
        sizes = [len(entry.tracking_data) for entry in offer.entries]
        if not offer.quota.is_whole or fits_ever(offer.quota, enqueued.limit, sizes):
            again = max(1, enqueued.reset - int(offer.now.timestamp()))
            super().__init__("RATE_LIMIT_EXCEEDED", 429, sentence, retry_after=again)
        else:
            advice = f"These {len(sizes)} hits never fit: send fewer in one request, or raise the limit."
            super().__init__("PAYLOAD_TOO_LARGE", 413, f"{sentence} {advice}")
        self.enqueued = enqueued


class Prepared(Struct, frozen=True):
    """A hit that is in order: its entry has to go into the queue, and then it is accepted."""

    offer: Offer
    happened_at: datetime

    def accepted(self, enqueued: Enqueued) -> Accepted:
        """Return what became of it. Raises LimitExceeded where it was not taken."""
        if not enqueued.accepted:
            raise LimitExceeded(enqueued, self.offer)
        first = enqueued.repeats.get(0)
        happened_at = identity_of(first)[1] if first else self.happened_at
        return Accepted(first or self.offer.entries[0].id, happened_at, enqueued)


def take_hit(
    context: ReceiverContext,
    request: HitRequest,
    values: dict[str, Any],
    caller: AdmittedCaller | None = None,
    counts: HitCounts | None = None,
) -> Prepared | Filtered:
    """Make an entry of one hit, or leave it out. Raises Refused.

    `caller` is given where who sends it is known, `counts` where what is left out or refused is counted by others than
    the context's own.
    """
    counts = counts or context.filtered
    if caller is None:
        caller = admit(context, request, named_application(context, request, values))
        require_dialect(caller.rules, request.dialect)
        if caller.rules.speaks_original:
            values = translated(values, caller.application.parameters)
    application, key, rules = caller
    sender, now = request.sender, request.now
    try:
        if key is not None:
            context.key_use.note(key, now)
        fields = load_hit(values, key)
        if key is None:
            quota = rules.allowance.without_key(sender.ip_address, now, context.salt)
            reason = reason_to_drop(rules, request.environ, sender.user_agent) or left_out_in(values)
            if rules.respect_dnt == "anonymous" and wish_of(request.environ):
                fields, sender = without_visitor(fields), UNNAMED
        else:
            quota = rules.allowance.with_key
            reason = reason_to_drop_keyed(rules, fields.get("user_agent"))
            if "HTTP_ORIGIN" in request.environ and "timestamp" in fields and fields["timestamp"] > now:
                # A browser's clock that is fast loses no hit.
                fields["timestamp"] = now
        if ENVIRON_KEY in request.environ and sender is not UNNAMED:
            fields |= trace_of(request.environ)
        if reason is not None:
            counts.add(application.id, reason, now)
            return Filtered(reason)
        entry, happened_at = build_entry(
            application,
            fields,
            sender,
            rules.privacy,
            hit_id=context.hit_ids.next(now),
            now=now,
            max_retries=context.max_retries,
            since=earliest(context, application, key, now),
        )
        event_id = fields.get("event_id")
        return Prepared(Offer(application, (entry,), now, (event_id,) if event_id else (), quota), happened_at)
    except Refused as refused:
        counts.add_refused(application.id, refused.code, now)
        raise


def earliest(context: ReceiverContext, application: Application, key: ApiKey | None, now: datetime) -> datetime | None:
    """From when on a hit's own time is taken, where its key may say more than others; None for a day ago."""
    return context.months.since(application, now) if key is not None and key.may(TRUSTED) else None

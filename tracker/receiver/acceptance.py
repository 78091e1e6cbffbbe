"""From a request's values to an entry for the queue: *who, may they, fit the form, to be counted, build*."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from tracker.application import ApiKey, Application
from tracker.clock import Clock
from tracker.dialects.original import translated
from tracker.errors import Refused
from tracker.hit import identity_of
from tracker.privacy.addresses import networks_of
from tracker.privacy.anonymization import without_visitor
from tracker.queueing.producer import Enqueued
from tracker.queueing.quota import Limit
from tracker.receiver.application_directory import Applications
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.receiver.caller import key_of, require_active
from tracker.receiver.enqueue import HitQueue, Offer
from tracker.receiver.filtered_counts import FilteredCounts
from tracker.receiver.filtering import Reason, left_out_in, reason_to_drop, reason_to_drop_keyed, wish_of
from tracker.receiver.header_text import clean
from tracker.receiver.hit_building import UNNAMED, Sender, build_entry
from tracker.receiver.hit_form import (
    MAX_APP_ID_LENGTH,
    MAX_USER_AGENT_LENGTH,
    TRUSTED,
    app_id_in,
    app_id_missing,
    load_hit,
)
from tracker.receiver.hit_ids import HitIds
from tracker.receiver.kept_months import KeptMonths
from tracker.receiver.page_origin import ForeignPage, require_own_page
from tracker.receiver.rules import RuleBook, Rules
from tracker.web.authentication import presented_key
from tracker.web.client_address import TrustedProxies, client_address
from tracker.web.key_usage import KeyUse

_KEY_PREFIX = "alt_"


_SENTENCES: dict[Limit, str] = {
    "rate_limit": "The application's limit of {limit} hits a minute is reached.",
    "open_limit": "Hits without a key have used up their part of the application's limit of {limit} hits a minute.",
    "address_limit": "This address has used up its share of the application's limit of {limit} hits a minute.",
    "byte_budget": "The application has used up the bytes that it may send in a day (UTC).",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverContext:
    """What accepting hits needs; one per process."""

    applications: Applications
    hit_ids: HitIds
    hit_queue: HitQueue
    filtered: FilteredCounts
    key_use: KeyUse
    background_tasks: BackgroundTasks
    clock: Clock
    proxies: TrustedProxies
    max_retries: int
    rules: RuleBook
    months: KeptMonths
    salt: bytes
    """Of the buckets in which addresses are counted."""


class Accepted(NamedTuple):
    """A hit that was taken, or had been before, and when it happened."""

    tracking_id: UUID
    happened_at: datetime
    enqueued: Enqueued


@dataclass(frozen=True, slots=True)
class Filtered:
    """A hit that was in order and is counted as no visit: its answer says why, and a counter counts it."""

    reason: Reason


class LimitExceeded(Refused):
    """The 429; it carries what the answer says about the limit."""

    def __init__(self, enqueued: Enqueued, now: datetime) -> None:
        super().__init__(
            "RATE_LIMIT_EXCEEDED",
            429,
            _SENTENCES[enqueued.used_up or "rate_limit"].format(limit=enqueued.limit),
            retry_after=max(1, enqueued.reset - int(now.timestamp())),
        )
        self.enqueued = enqueued


class Prepared(NamedTuple):
    """A hit that is in order: its entry has to go into the queue, and then it is accepted."""

    offer: Offer
    happened_at: datetime

    def accepted(self, enqueued: Enqueued) -> Accepted:
        """Return what became of it. Raises LimitExceeded where it was not taken."""
        if not enqueued.accepted:
            raise LimitExceeded(enqueued, self.offer.now)
        first = enqueued.repeats.get(0)
        happened_at = identity_of(first)[1] if first else self.happened_at
        return Accepted(first or self.offer.entries[0].id, happened_at, enqueued)


class NotOffered(Refused):
    """There is nothing at this address for this application."""

    def __init__(self) -> None:
        super().__init__("NOT_FOUND", 404, "There is nothing at this address.")


class AdmittedCaller(NamedTuple):
    """Whose hits are taken, with which key, and what holds for them."""

    application: Application
    key: ApiKey | None
    rules: Rules


def prepare_hit(
    context: ReceiverContext,
    values: dict[str, Any],
    environ: Mapping[str, Any],
    now: datetime,
    *,
    dialect: str | None = None,
) -> Prepared | Filtered:
    """Make an entry of one hit, or leave it out. Raises Refused, NotOffered where the `dialect` is switched off."""
    presented = presented_key(environ)
    admission = admit(context, _application(context, values, presented), presented, environ, now)
    if dialect is not None:
        require_dialect(admission.rules, dialect)
    if admission.rules.speaks_original:
        values = translated(values, admission.application.parameters)
    return judge(context, admission, values, environ, now)


def judge(
    context: ReceiverContext,
    admission: AdmittedCaller,
    values: dict[str, Any],
    environ: Mapping[str, Any],
    now: datetime,
) -> Prepared | Filtered:
    """Do the same for a caller who is admitted already: *fit the form, to be counted, build*."""
    application, key, rules = admission
    try:
        if key is not None:
            context.key_use.note(key, now)
        fields = load_hit(values, key)
        sender = sender_of(context, environ)
        if key is None:
            quota = rules.allowance.without_key(sender.ip_address, now, context.salt)
            reason = reason_to_drop(rules, environ, sender.user_agent) or left_out_in(values)
            if rules.respect_dnt == "anonymous" and wish_of(environ):
                fields, sender = without_visitor(fields), UNNAMED
        else:
            quota = rules.allowance.with_key
            reason = reason_to_drop_keyed(rules, fields.get("user_agent"))
            if "HTTP_ORIGIN" in environ and "timestamp" in fields and fields["timestamp"] > now:
                # A browser's clock that is fast loses no hit.
                fields["timestamp"] = now
        if reason is not None:
            context.filtered.add(application.id, reason, now)
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
        context.filtered.add_refused(application.id, refused.code, now)
        raise


def admit(
    context: ReceiverContext, application: Application, presented: str | None, environ: Mapping[str, Any], now: datetime
) -> AdmittedCaller:
    """Return who sends a hit and what holds for it.

    Raises Refused, after PostgreSQL was asked whether it still is so.
    """
    try:
        return _admit(context, application, presented, environ, now)
    except Refused as refused:
        newest = confirmed(context, application, refused, presented, environ)
        if newest is application:
            _count(context, application, refused, now)
            raise
    try:
        return _admit(context, newest, presented, environ, now)
    except Refused as refused:
        _count(context, newest, refused, now)
        raise


def _count(context: ReceiverContext, application: Application, refused: Refused, now: datetime) -> None:
    if isinstance(refused, ForeignPage):
        context.filtered.add(application.id, "domain", now)
    else:
        context.filtered.add_refused(application.id, refused.code, now)


def require_dialect(rules: Rules, dialect: str) -> None:
    """Raise NotOffered where the application has the dialect switched off."""
    if dialect not in rules.dialects:
        raise NotOffered


def _admit(
    context: ReceiverContext, application: Application, presented: str | None, environ: Mapping[str, Any], now: datetime
) -> AdmittedCaller:
    require_active(application)
    key = key_of(presented, application, now)
    rules = context.rules.rules_of(application)
    if key is None:
        require_own_page(rules, environ)
    return AdmittedCaller(application, key, rules)


def confirmed(
    context: ReceiverContext,
    application: Application,
    refused: Refused,
    presented: str | None,
    environ: Mapping[str, Any],
) -> Application:
    """Return the newest state of an application whose known one has a hit `refused`, or that very one.

    Raises Refused, to be tried again, where a key cannot be looked up now.
    """
    address = client_address(environ, context.proxies)
    key = presented if refused.code == "INVALID_API_KEY" else None
    return context.applications.confirm(application, networks_of(address) if address else (), key)


def earliest(context: ReceiverContext, application: Application, key: ApiKey | None, now: datetime) -> datetime | None:
    """From when on a hit's own time is taken, where its key may say more than others; None for a day ago."""
    return context.months.since(application, now) if key is not None and key.may(TRUSTED) else None


def sender_of(context: ReceiverContext, environ: Mapping[str, Any]) -> Sender:
    return Sender(
        client_address(environ, context.proxies), clean(environ.get("HTTP_USER_AGENT"), MAX_USER_AGENT_LENGTH)
    )


def application_not_found() -> Refused:
    return Refused("APPLICATION_NOT_FOUND", 404, "There is no application with this app_id.")


def _application(context: ReceiverContext, values: Mapping[str, Any], presented: str | None) -> Application:
    """Return the application that the hit names.

    Else that of the key, or the one that some beacons name in `X-API-Key`.
    """
    app_id = app_id_in(values)
    if app_id is None:
        return application_presented(context, presented)
    application = context.applications.find(app_id)
    if application is None:
        raise application_not_found()
    return application


def application_presented(context: ReceiverContext, presented: str | None) -> Application:
    """Return the application that a key, or what stands in its place, belongs to. Raises Refused."""
    if presented and presented.startswith(_KEY_PREFIX):
        # A secret must not become the name of a look-up, which servers may log: it is looked up by its hash.
        if (owner := context.applications.find_by_key(presented)) is None:
            raise Refused("INVALID_API_KEY", 401, "The API key is unknown or has been revoked.")
        return owner
    if presented and len(presented) <= MAX_APP_ID_LENGTH and presented.isprintable():
        found = context.applications.find(presented)
        if found is not None:
            return found
    raise app_id_missing()

"""Requests in another tracker's dialect: read, and from there each hit goes the one way with every check.

A path answers 404, as one where there is nothing, to whoever names no application that has the dialect switched on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from tracker.application import Application
from tracker.clock import Clock
from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome
from tracker.dialects.table import DIALECT_AT
from tracker.errors import Refused
from tracker.instruments import REQUESTS_REFUSED
from tracker.queueing.accept_command import Offer
from tracker.queueing.producer import Enqueued
from tracker.queueing.quota import whole
from tracker.receiver.admission import (
    AdmittedCaller,
    NotOffered,
    admit,
    application_of_key,
    for_readers,
    require_dialect,
)
from tracker.receiver.answers import EXPOSED, preflight_answer, refusal_answer
from tracker.receiver.application_cache import WouldWait
from tracker.receiver.context import HitRequest, Pending, ReceiverContext
from tracker.receiver.filtering import CountsToCome
from tracker.receiver.tracking import Filtered, LimitExceeded, Prepared, take_hit
from tracker.web.body import BodyUnread, discard_body, read_body
from tracker.web.envelope import Answer, as_refused
from tracker.web.request_headers import sender_of

MAX_BODY: Final = 1_048_576
_METHODS: Final = ("GET", "POST")
_REQUEST: Final = "tracker.client_request"
"""In a request's environ: the request as its dialect reads it, for an answer that comes later."""


@dataclass(frozen=True, slots=True)
class DialectEndpoint:
    """One path of a dialect; as an endpoint of `tracking`, in two steps that never wait."""

    dialect: Dialect
    max_body: int = MAX_BODY

    @property
    def methods(self) -> tuple[str, ...]:
        return _METHODS

    def begin(self, context: Callable[[], ReceiverContext], environ: dict[str, Any], clock: Clock) -> Answer | Pending:
        """Return everything up to the queue.

        Raises WouldWait where the context's applications do; all else is an answer.
        """
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return preflight_answer(environ)
        services = None
        try:
            services = context()
            services.background_tasks.ensure()
            request = environ[_REQUEST] = _request(environ, services.clock)
            return self._take(services, request, environ)
        except WouldWait:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer that it understands
            is_spoken = services is not None and services.rules.is_spoken(self.dialect.name)
            return self._refuse(error, environ, clock, is_spoken=is_spoken)

    def finish(
        self, pending: Pending, offered: Callable[[], Enqueued], environ: dict[str, Any], clock: Clock
    ) -> Answer:
        """Return the answer, once the queue has said what became of the offer; `offered` returns that or raises."""
        try:
            answer = pending.answer(offered())
        except Exception as error:  # noqa: BLE001 as above
            return self._refuse(error, environ, clock, is_spoken=True)
        return answer._replace(headers=for_readers(answer.headers, environ))

    def _take(self, context: ReceiverContext, request: ClientRequest, environ: dict[str, Any]) -> Answer | Pending:
        hits = self.dialect.read(request)
        hit_request = HitRequest(environ, request.now, sender_of(environ, context.proxies), None, self.dialect.name)
        admissions = self._admissions(context, hits, hit_request)
        outcomes: list[HitOutcome] = [HitOutcome()] * len(hits)
        offers = _Offers(context, outcomes)
        counts = CountsToCome(context.filtered)
        for place, hit in enumerate(hits):
            try:
                if isinstance(hit, Refused):
                    raise hit
                admission = admissions[hit.site, hit.key]
                if isinstance(admission, Refused):
                    raise admission
                if hit.values is None:
                    continue
                judged = take_hit(context, hit_request, hit.values, admission, counts)
            except Refused as refused:
                outcomes[place] = HitOutcome(refused=refused)
            else:
                if isinstance(judged, Filtered):
                    outcomes[place] = HitOutcome(filtered=judged.reason)
                else:
                    offers.add(place, judged)
        if not offers.groups:
            counts.count()
            answer = self._answer(request, outcomes)
            return answer._replace(headers=for_readers(answer.headers, environ))

        def answered(enqueued: Enqueued) -> Answer:
            # Where nothing was taken for now, the request comes again as a whole, whatever else it brought.
            offers.settle(enqueued)
            counts.count()
            return self._answer(request, outcomes)

        return Pending(offers.first(), answered)

    def _admissions(
        self,
        context: ReceiverContext,
        hits: Sequence[ClientHit | Refused],
        request: HitRequest,
    ) -> dict[tuple[str | None, str | None], AdmittedCaller | Refused]:
        """Return who is meant, and what holds: once for each way in which the request names an application.

        It comes before any hit is judged, since it may have to begin again where it may wait.
        """
        admissions: dict[tuple[str | None, str | None], AdmittedCaller | Refused] = {}
        for hit in hits:
            if isinstance(hit, Refused) or (hit.site, hit.key) in admissions:
                continue
            try:
                admission = admit(context, replace(request, presented=hit.key), _application(context, hit))
                require_dialect(admission.rules, request.dialect)
                admissions[hit.site, hit.key] = admission
            except Refused as refused:
                admissions[hit.site, hit.key] = refused
        refusals = [admission for admission in admissions.values() if isinstance(admission, Refused)]
        if admissions and len(refusals) == len(admissions):
            raise refusals[0]
        several = {
            admission.application.id for admission in admissions.values() if isinstance(admission, AdmittedCaller)
        }
        if len(several) > 1 and not context.applications.may_wait:
            raise WouldWait
        return admissions

    def _answer(self, request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:
        """Return the dialect's answer. Raises Refused where nothing was taken."""
        refusals = [outcome.refused for outcome in outcomes if outcome.refused]
        if refusals and len(refusals) == len(outcomes):
            raise refusals[0]
        return self.dialect.answer(request, outcomes)

    def _refuse(self, error: Exception, environ: dict[str, Any], clock: Clock, *, is_spoken: bool) -> Answer:
        refused = as_refused(error)
        REQUESTS_REFUSED.labels(refused.code).inc()
        request = environ.get(_REQUEST)
        is_unread = request is None and isinstance(error, BodyUnread | NotOffered)
        headers = discard_body(environ) if is_unread else ()
        is_hidden = refused.status < HTTPStatus.INTERNAL_SERVER_ERROR and not is_spoken
        if isinstance(refused, NotOffered) or (is_hidden and not isinstance(error, BodyUnread)):
            answer = refusal_answer(NotOffered(), clock.now(), headers)
        elif request is None:
            answer = refusal_answer(refused, clock.now(), headers)
        else:
            answer = self.dialect.refuse(request, refused)
            answer = answer._replace(headers=(*answer.headers, *EXPOSED))
        return answer._replace(headers=for_readers(answer.headers, environ))


class _Offers:
    """The hits of a request that are in order: an offer for each application, and the place of each hit.

    An offer is taken all or none, since these clients send a request again or not, whatever became of its hits.
    """

    def __init__(self, context: ReceiverContext, outcomes: list[HitOutcome]) -> None:
        self._context, self._outcomes = context, outcomes
        self.groups: dict[UUID, list[tuple[int, Prepared]]] = {}

    def add(self, place: int, hit: Prepared) -> None:
        self.groups.setdefault(hit.offer.application.id, []).append((place, hit))

    def first(self) -> Offer:
        """Return the offer of the first application; `settle` makes those of the others."""
        return _offer(next(iter(self.groups.values())))

    def settle(self, enqueued: Enqueued) -> None:
        """Fill in what became of each hit, the first application's by `enqueued`, the others' by offering them.

        Raises Refused where nothing was taken.
        """
        refusals: list[Refused] = []
        for number, group in enumerate(self.groups.values()):
            try:
                offer = _offer(group)
                self._fill_in(group, offer, self._context.hit_queue.enqueue(offer) if number else enqueued)
            except Refused as refused:
                refusals.append(refused)
                for place, _ in group:
                    self._outcomes[place] = HitOutcome(refused=refused)
        if len(refusals) == len(self.groups):
            raise refusals[0]

    def _fill_in(self, group: list[tuple[int, Prepared]], offer: Offer, enqueued: Enqueued) -> None:
        if not enqueued.accepted:
            raise LimitExceeded(enqueued, offer)
        for position, (place, hit) in enumerate(group):
            tracking_id = enqueued.repeats.get(position) or hit.offer.entries[0].id
            self._outcomes[place] = HitOutcome(tracking_id=tracking_id)


def _offer(group: list[tuple[int, Prepared]]) -> Offer:
    """One offer of several hits of an application, for all of them or none."""
    offers = [hit.offer for _, hit in group]
    if len(offers) == 1:
        return offers[0]
    event_ids = [offer.event_ids[0] if offer.event_ids else None for offer in offers]
    entries = [offer.entries[0] for offer in offers]
    return replace(
        offers[0], entries=entries, event_ids=event_ids if any(event_ids) else (), quota=whole(offers[0].quota)
    )


def _request(environ: Mapping[str, Any], clock: Clock) -> ClientRequest:
    if environ["REQUEST_METHOD"] not in _METHODS:
        raise NotOffered
    has_none = (environ.get("CONTENT_LENGTH") or "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ
    return ClientRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", ""),
        body=b"" if has_none else read_body(environ, MAX_BODY),
        headers=environ,
        now=clock.now(),
    )


def _application(context: ReceiverContext, hit: ClientHit) -> Application:
    """Return the application that a hit names, else the one that its key belongs to. Raises Refused."""
    if hit.site is not None:
        application = context.applications.find_by_alias(hit.site)
        if application is None:
            raise NotOffered
        return application
    return application_of_key(context, hit.key)


DIALECT_ENDPOINTS: Final = {path: DialectEndpoint(dialect) for path, dialect in DIALECT_AT.items()}

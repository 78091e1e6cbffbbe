"""The ledger: what became of the hits that were accepted."""

import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import ADMIN_ONLY, target
from tracker.api.fields import Moment
from tracker.api.services import current_services
from tracker.errors import invalid
from tracker.ledger.balance import balance, hours
from tracker.store.ledger import LedgerHour

_MAX_PERIOD: Final = timedelta(days=31)

blueprint = Blueprint(
    "ledger",
    description="What became of accepted hits, by the hour in which they were accepted. Imported hits are not in it.",
)


class HourView(Schema):
    """What became of the hits that an application's receivers accepted in an hour."""

    app_id = fields.String(required=True)
    hour = fields.DateTime(required=True)
    accepted = fields.Integer(required=True)
    stored = fields.Integer(required=True)
    repeated = fields.Integer(required=True, metadata={"description": "Accepted once more: stored once."})
    failed = fields.Integer(required=True)
    discarded = fields.Integer(required=True)
    erased = fields.Integer(required=True, metadata={"description": "Taken out of the queue by an erasure."})
    written_off = fields.Integer(required=True, metadata={"description": "Lost, and an operator has noted it."})
    waiting = fields.Integer(required=True)
    filtered = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Left out and never accepted, by reason."},
    )
    refused = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Never accepted, by the code of the answer."},
    )
    dropped = fields.Integer(
        required=True, metadata={"description": "Stored once, and gone with their month in this hour."}
    )
    restored = fields.Integer(required=True, metadata={"description": "Come back with their month in this hour."})


class BalanceView(Schema):
    """All hours and applications together. `lost` and `surplus` are 0 where the ledger balances."""

    accepted = fields.Integer(required=True)
    stored = fields.Integer(required=True)
    repeated = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    discarded = fields.Integer(required=True)
    erased = fields.Integer(required=True)
    written_off = fields.Integer(required=True, metadata={"description": "Lost, and an operator has noted it."})
    waiting = fields.Integer(required=True)
    lost = fields.Integer(required=True)
    surplus = fields.Integer(required=True)
    is_balanced = fields.Boolean(required=True)
    uncertain_since = fields.List(
        fields.DateTime(),
        required=True,
        metadata={"description": "When a Redis without its data took over: the minute before is not all known."},
    )


class HoursView(Schema):
    """The hours of one application."""

    hours = fields.List(fields.Nested(HourView), required=True)


class LedgerView(HoursView):
    """The balance, and the hours of all applications."""

    balance = fields.Nested(BalanceView, required=True)


class LedgerQuery(Schema):
    """Which hours: a day where nothing is said, 31 days at most."""

    since = Moment(load_default=None)
    until = Moment(load_default=None)


@blueprint.route("/v1/ledger")
class WholeLedger(MethodView):
    @blueprint.access(ADMIN_ONLY, about=None)
    @blueprint.arguments(LedgerQuery, location="query")
    @blueprint.response(200, LedgerView)
    def get(self, query: dict[str, Any]) -> Response:
        """Hold all accepted hits against what has become of them, and list the hours."""
        services = current_services()
        listed = hours(services.database, *_period(query))
        now = balance(services.database, services.redis, services.clock, sleep=time.sleep)
        return answer(
            {"balance": {**asdict(now), "is_balanced": now.is_balanced}, "hours": [_shown(hour) for hour in listed]}
        )


@blueprint.route("/v1/applications/<application>/ledger")
class LedgerOfApplication(MethodView):
    @blueprint.access("stats:read")
    @blueprint.arguments(LedgerQuery, location="query")
    @blueprint.response(200, HoursView)
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List the hours of an application."""
        listed = hours(current_services().database, *_period(query), application_id=target().id)
        return answer({"hours": [_shown(hour) for hour in listed]})


def _period(query: dict[str, Any]) -> tuple[datetime, datetime]:
    until = query["until"] or current_services().clock.now() + timedelta(hours=1)
    since = query["since"] or until - timedelta(days=1)
    if not timedelta(0) < until - since <= _MAX_PERIOD:
        raise invalid("since: Must be before `until`, by 31 days at most.", since=["Must be before `until`."])
    return since.replace(minute=0, second=0, microsecond=0), until


def _shown(hour: LedgerHour) -> dict[str, Any]:
    return {name: getattr(hour, name) for name in HourView._declared_fields}  # noqa: SLF001 the names of the form

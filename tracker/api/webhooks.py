"""Webhooks of an application, and what became of their deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields, validate

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, target
from tracker.api.fields import Moment, QueryFlag, Text, choice
from tracker.api.pages import PageQuery, number_of, page, page_after, page_of, place_of
from tracker.api.parts import parts
from tracker.errors import Refused, SettingsInvalid
from tracker.management import webhook_deliveries, webhooks

blueprint = Blueprint(
    "webhooks", description="Who is told what happens, signed as Standard Webhooks has it, and what became of it."
)

_PATH = "/v1/applications/<application>/webhooks"
_ONE = f"{_PATH}/<uuid:webhook_id>"
_STATES = ("waiting", "delivered", "failed")


class WebhookView(Schema):
    """A webhook; never its secret."""

    id = fields.UUID(required=True)
    application_id = fields.UUID(required=True)
    app_id = fields.String(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    is_active = fields.Boolean(required=True)
    last_triggered_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "The last attempt."})
    failure_count = fields.Integer(required=True, metadata={"description": "Failed attempts since the last success."})
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    previous_secret_expires_at = fields.DateTime(required=True, allow_none=True)
    failing_since = fields.DateTime(required=True, allow_none=True)
    paused_until = fields.DateTime(required=True, allow_none=True)
    disabled_at = fields.DateTime(required=True, allow_none=True)
    disabled_reason = fields.String(required=True, allow_none=True)
    backlog_full_since = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Since then so many deliveries wait that new ones are written as failed."},
    )


class WebhookSecretView(WebhookView):
    """A webhook and its secret, this once."""

    secret = fields.String(required=True)


class WebhookQuery(PageQuery):
    """Which webhooks."""

    is_active = QueryFlag(load_default=None)


class AttemptView(Schema):
    """One attempt; without a status no answer came."""

    attempt = fields.Integer(required=True)
    attempted_at = fields.DateTime(required=True)
    status = fields.Integer(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)


class DeliveryView(Schema):
    """A delivery with every attempt."""

    id = fields.Integer(required=True)
    webhook_id = fields.UUID(required=True)
    event_id = fields.String(required=True, metadata={"description": "The header `webhook-id`."})
    event_type = fields.String(required=True)
    state = fields.String(required=True, validate=choice(*_STATES))
    attempt = fields.Integer(required=True)
    attempts_before = fields.Integer(required=True)
    due_at = fields.DateTime(required=True)
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = fields.String(required=True, allow_none=True)
    duration_ms = fields.Integer(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    attempts = fields.List(fields.Nested(AttemptView), required=True)


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state = fields.String(validate=choice(*_STATES), load_default=None)


class RedeliveryView(Schema):
    """How many deliveries are sent again."""

    redelivered = fields.Integer(required=True)
    out_of_room = fields.Boolean(
        required=True,
        metadata={"description": "It ended because as many wait as should: ask again when these are delivered."},
    )


class RedeliveryForm(Schema):
    """Which failed deliveries to send again."""

    since = Moment(required=True, metadata={"description": "Those that failed for good since then."})


def _events(**more: Any) -> fields.List[Any]:  # noqa: ANN401 marshmallow's options
    return fields.List(
        Text(150, shortest=1), validate=validate.Length(1, 50, error="Must name 1 to 50 events."), **more
    )


class WebhookChanges(Schema):
    """What is to change; the rest stays."""

    url = Text(2000, shortest=1, metadata={"format": "uri"})
    events = _events()


class NewWebhookForm(Schema):
    """A new webhook."""

    url = Text(2000, shortest=1, required=True, metadata={"format": "uri"})
    events = _events(required=True)
    secret = Text(200, load_default=None, metadata={"description": "`whsec_...`; without this, a new one."})


class RotationOfSecretForm(Schema):
    """The new secret."""

    secret = Text(200, load_default=None, metadata={"description": "`whsec_...`; without this, a new one."})


@blueprint.route(_PATH)
class AllWebhooks(MethodView):
    @blueprint.access("webhooks:write")
    @blueprint.arguments(WebhookQuery, location="query")
    @blueprint.response(200, page_of(WebhookView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's webhooks, oldest first."""
        rows = [
            row
            for row in webhooks.list_(parts().database, target().app_id)
            if query["is_active"] in (None, row.is_active)
        ]
        return answer(page_after(rows, query, lambda row: (row.created_at.isoformat(), str(row.id))))

    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.arguments(NewWebhookForm)
    @blueprint.response(201, WebhookSecretView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Register a webhook; its secret is shown this once."""
        own = parts()
        with _secrets():
            made = webhooks.create(
                own.database, own.webhook_rules, target().app_id, now=own.clock.now(), by=caller().actor, **given
            )
        return _with_secret(made, status=201)


@blueprint.route(_ONE)
class OneWebhook(MethodView):
    @blueprint.access("webhooks:write")
    @blueprint.response(200, WebhookView)
    def get(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Show one webhook."""
        return answer(webhooks.show(parts().database, webhook_id, app_id=target().app_id), versioned=True)

    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.arguments(WebhookChanges)
    @blueprint.response(200, WebhookView)
    def patch(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Change where a webhook leads, or what it is told. What waits goes to the new URL."""
        row = webhooks.update(
            parts().database, parts().webhook_rules, webhook_id, expected=expected(), **_usual(), **given
        )
        return answer(row, versioned=True)

    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def delete(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Forget a webhook with all of its deliveries, those that wait included."""
        gone = webhooks.show(parts().database, webhook_id, app_id=target().app_id)
        webhooks.delete(parts().database, webhook_id, expected=expected(), **_usual())
        return answer(gone)


@blueprint.route(f"{_ONE}/enable")
class Enabling(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Send again to a webhook, with nothing held against it; what waited is taken up."""
        row = webhooks.enable(parts().database, webhook_id, expected=expected(), **_usual())
        return answer(row, versioned=True)


@blueprint.route(f"{_ONE}/disable")
class Disabling(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Send nothing to a webhook until it is enabled. What waits goes on waiting."""
        row = webhooks.disable(parts().database, webhook_id, expected=expected(), **_usual())
        return answer(row, versioned=True)


@blueprint.route(f"{_ONE}/rotate-secret")
class RotationOfSecret(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.arguments(RotationOfSecretForm)
    @blueprint.response(201, WebhookSecretView)
    def post(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Give a webhook a new secret; the old one signs beside it for 24 hours."""
        with _secrets():
            made = webhooks.rotate_secret(
                parts().database, parts().webhook_rules, webhook_id, expected=expected(), **_usual(), **given
            )
        return _with_secret(made, status=201)


@blueprint.route(f"{_ONE}/test")
class Trial(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.response(202, DeliveryView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Send a `webhook.test` event to a webhook; what becomes of it stands in its deliveries."""
        own = parts()
        made = webhook_deliveries.send_test(own.database, webhook_id, app_id=target().app_id, now=own.clock.now())
        return answer(made, status=202)


@blueprint.route(f"{_ONE}/deliveries")
class AllDeliveries(MethodView):
    @blueprint.access("webhooks:write")
    @blueprint.arguments(DeliveryQuery, location="query")
    @blueprint.response(200, page_of(DeliveryView))
    def get(self, query: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """List a webhook's deliveries with every attempt, the latest first."""
        place = place_of(query["cursor"], 1)
        rows = webhook_deliveries.list_(
            parts().database,
            webhook_id,
            app_id=target().app_id,
            state=query["state"],
            before_id=None if place is None else number_of(place[0]),
            limit=query["limit"] + 1,
        )
        return answer(page(rows, query["limit"], lambda row: (row.id,)))


@blueprint.route(f"{_ONE}/deliveries/redeliver")
class RedeliveryOfFailed(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.arguments(RedeliveryForm)
    @blueprint.response(202, RedeliveryView)
    def post(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Send failed deliveries since a time again, as many as there is room for."""
        sent = webhook_deliveries.redeliver_failed(
            parts().database, webhook_id, waiting_limit=parts().webhook_rules.waiting_limit, **_usual(), **given
        )
        return answer({"redelivered": sent.count, "out_of_room": sent.out_of_room}, status=202)


@blueprint.route(f"{_ONE}/deliveries/<delivery>/redeliver")
class Redelivery(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.response(202, DeliveryView)
    def post(self, application: str, webhook_id: UUID, delivery: str) -> Response:  # noqa: ARG002
        """Send one delivery again, whatever became of it, under the same event id."""
        return answer(webhook_deliveries.redeliver(parts().database, webhook_id, delivery, **_usual()), status=202)


def _usual() -> dict[str, Any]:
    return {"app_id": target().app_id, "now": parts().clock.now(), "by": caller().actor}


def _with_secret(made: webhooks.WithSecret, *, status: int) -> Response:
    row = {name: getattr(made.webhook, name) for name in made.webhook.__dataclass_fields__}
    return answer({**row, "secret": made.secret}, status=status)


@contextmanager
def _secrets() -> Iterator[None]:
    """Without TRACKER_SECRET_KEY there are no webhooks: that is for the operator to change, not for the caller."""
    try:
        yield
    except SettingsInvalid as error:
        raise Refused("SERVICE_UNAVAILABLE", 503, str(error), retry_after=3600) from error

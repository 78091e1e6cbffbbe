"""What webhooks and their deliveries look like over HTTP, and what their endpoints take."""

from typing import Any

from marshmallow import Schema, fields, validate

from tracker.api.fields import Moment, QueryFlag, Text, choice
from tracker.api.pages import PageQuery
from tracker.ssrf_guard.urls import MAX_URL_LENGTH

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

    url = Text(MAX_URL_LENGTH, shortest=1, metadata={"format": "uri"})
    events = _events()


class WholeWebhookForm(Schema):
    """All that there is to say of a webhook but its secret."""

    url = Text(MAX_URL_LENGTH, shortest=1, required=True, metadata={"format": "uri"})
    events = _events(required=True)


class NewWebhookForm(WholeWebhookForm):
    """A new webhook."""

    secret = Text(200, load_default=None, metadata={"description": "`whsec_...`; without this, a new one."})


class RotationOfSecretForm(Schema):
    """The new secret."""

    secret = Text(200, load_default=None, metadata={"description": "`whsec_...`; without this, a new one."})

"""Webhooks of an application, and what became of their deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, target
from tracker.api.pages import number_of, page, page_after, page_of, place_of
from tracker.api.services import current_services
from tracker.api.webhook_forms import (
    DeliveryQuery,
    DeliveryView,
    NewWebhookForm,
    RedeliveryForm,
    RedeliveryView,
    RotationOfSecretForm,
    WebhookChanges,
    WebhookQuery,
    WebhookSecretView,
    WebhookView,
    WholeWebhookForm,
)
from tracker.errors import Refused, SettingsInvalid
from tracker.management import webhook_deliveries, webhooks

blueprint = Blueprint(
    "webhooks", description="Who is told what happens, signed as Standard Webhooks has it, and what became of it."
)

_PATH = "/v1/applications/<application>/webhooks"
_ONE = f"{_PATH}/<uuid:webhook_id>"


@blueprint.route(_PATH)
class AllWebhooks(MethodView):
    @blueprint.access("webhooks:write")
    @blueprint.arguments(WebhookQuery, location="query")
    @blueprint.response(200, page_of(WebhookView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's webhooks, oldest first."""
        rows = [
            row
            for row in webhooks.list_(current_services().database, target().app_id)
            if query["is_active"] in (None, row.is_active)
        ]
        return answer(page_after(rows, query, lambda row: (row.created_at.isoformat(), str(row.id))))

    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.arguments(NewWebhookForm)
    @blueprint.response(201, WebhookSecretView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Register a webhook; its secret is shown only this once."""
        services = current_services()
        with _secrets():
            made = webhooks.create(
                services.database,
                services.webhook_rules,
                target().app_id,
                now=services.clock.now(),
                by=caller().actor,
                **given,
            )
        return _with_secret(made, status=201)


@blueprint.route(_ONE)
class OneWebhook(MethodView):
    @blueprint.access("webhooks:write")
    @blueprint.response(200, WebhookView)
    def get(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Show one webhook."""
        return answer(webhooks.show(current_services().database, webhook_id, app_id=target().app_id), versioned=True)

    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.arguments(WholeWebhookForm)
    @blueprint.response(200, WebhookView)
    def put(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Replace a webhook's URL and events. Its secret and its state stay."""
        return _changed_to(given, webhook_id)

    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.arguments(WebhookChanges)
    @blueprint.response(200, WebhookView)
    def patch(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Change a webhook's URL or events. What waits goes to the new URL."""
        return _changed_to(given, webhook_id)

    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def delete(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Delete a webhook with all of its deliveries, waiting ones included."""
        gone = webhooks.show(current_services().database, webhook_id, app_id=target().app_id)
        webhooks.delete(current_services().database, webhook_id, expected=expected(), **_usual())
        return answer(gone)


@blueprint.route(f"{_ONE}/enable")
class Enabling(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Enable a webhook and forget its failures; what waited is sent."""
        row = webhooks.enable(current_services().database, webhook_id, expected=expected(), **_usual())
        return answer(row, versioned=True)


@blueprint.route(f"{_ONE}/disable")
class Disabling(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.response(200, WebhookView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Disable a webhook: nothing is sent until it is enabled, what waits goes on waiting."""
        row = webhooks.disable(current_services().database, webhook_id, expected=expected(), **_usual())
        return answer(row, versioned=True)


@blueprint.route(f"{_ONE}/rotate-secret")
class RotationOfSecret(MethodView):
    @blueprint.access("webhooks:write", conditional=True)
    @blueprint.arguments(RotationOfSecretForm)
    @blueprint.response(201, WebhookSecretView)
    def post(self, given: dict[str, Any], application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Give a webhook a new secret; the old one goes on signing beside it for 24 hours."""
        with _secrets():
            made = webhooks.rotate_secret(
                current_services().database,
                current_services().webhook_rules,
                webhook_id,
                expected=expected(),
                **_usual(),
                **given,
            )
        return _with_secret(made, status=201)


@blueprint.route(f"{_ONE}/test")
class Trial(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.response(202, DeliveryView)
    def post(self, application: str, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Send a `webhook.test` event to a webhook; what becomes of it stands in its deliveries."""
        services = current_services()
        made = webhook_deliveries.send_test(
            services.database, webhook_id, app_id=target().app_id, now=services.clock.now()
        )
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
            current_services().database,
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
            current_services().database,
            webhook_id,
            waiting_limit=current_services().webhook_rules.waiting_limit,
            **_usual(),
            **given,
        )
        return answer({"redelivered": sent.count, "out_of_room": sent.out_of_room}, status=202)


@blueprint.route(f"{_ONE}/deliveries/<delivery>/redeliver")
class Redelivery(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.response(202, DeliveryView)
    def post(self, application: str, webhook_id: UUID, delivery: str) -> Response:  # noqa: ARG002
        """Send one delivery again, whatever became of it, under the same event id."""
        return answer(
            webhook_deliveries.redeliver(current_services().database, webhook_id, delivery, **_usual()), status=202
        )


@blueprint.route(f"{_ONE}/deliveries/<delivery>/discard")
class DiscardingOfDelivery(MethodView):
    @blueprint.access("webhooks:write", conflicts=True)
    @blueprint.response(200, DeliveryView)
    def post(self, application: str, webhook_id: UUID, delivery: str) -> Response:  # noqa: ARG002
        """Give up one delivery that waits: it counts as failed, and is not sent unless it is redelivered by its id."""
        return answer(webhook_deliveries.discard(current_services().database, webhook_id, delivery, **_usual()))


def _changed_to(given: dict[str, Any], webhook_id: UUID) -> Response:
    row = webhooks.update(
        current_services().database,
        current_services().webhook_rules,
        webhook_id,
        expected=expected(),
        **_usual(),
        **given,
    )
    return answer(row, versioned=True)


def _usual() -> dict[str, Any]:
    return {"app_id": target().app_id, "now": current_services().clock.now(), "by": caller().actor}


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

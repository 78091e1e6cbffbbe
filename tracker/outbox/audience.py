"""Who listens to an application's hits, as a worker keeps it for a few seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tracker.application import Application
from tracker.outbox.hit_events import fields_by
from tracker.store import webhooks
from tracker.store.database import Transaction
from tracker.store.webhooks import Subscription


@dataclass(frozen=True, slots=True)
class Audience:
    """The active webhooks of one application, at least one, and the columns that they get of a hit."""

    subscriptions: tuple[Subscription, ...]
    fields: tuple[str, ...]

    @property
    def application_id(self) -> UUID:
        return self.subscriptions[0].application_id

    @property
    def app_id(self) -> str:
        return self.subscriptions[0].app_id


def audiences(tx: Transaction, applications: Iterable[Application]) -> dict[UUID, Audience]:
    """By application; one without an active webhook has none. One statement for all of them."""
    known = {application.id: application for application in applications}
    if not known:
        return {}
    active = webhooks.active_of(tx, list(known))
    return {
        application_id: Audience(subscriptions, fields_by(known[application_id].settings))
        for application_id, subscriptions in active.items()
    }

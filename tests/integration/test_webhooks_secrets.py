"""Signing where not every secret that is stored can be opened."""

from datetime import timedelta
from typing import Any

from standardwebhooks import Webhook

from tests.support.consumers import consumer
from tests.support.webhook_endpoints import owe, register, sender_of, states
from tracker.application import Application
from tracker.encryption import SecretBox, new_secret
from tracker.store import webhooks
from tracker.store.database import Database


def test_after_the_key_was_lost_a_rotation_lets_deliveries_go_on(
    database: Database, application: Application, clock: Any
) -> None:
    key, secret, now = "the key after the one that was lost", new_secret(), clock.now()
    with consumer() as one:
        webhook_id, _ = register(database, application, one.url, now)
        owe(database, webhook_id, now)
        assert sender_of(database, clock, key=key).turn() == 1
        assert one.received == []
        with database.transaction() as tx:
            webhooks.rotate(
                tx,
                webhook_id,
                encrypted_secret=SecretBox(key).encrypt(secret),
                previous_expires_at=now + timedelta(hours=24),
                now=now,
            )
        owe(database, webhook_id, now)
        sender = sender_of(database, clock, key=key)
        assert sender.turn() == 1
        [received] = one.received
        Webhook(secret).verify(received.body, received.headers)
        assert received.headers["webhook-signature"].count("v1,") == 1
        clock.advance(301)
        assert sender.turn() == 1
    assert states(database) == {"delivered": 2}

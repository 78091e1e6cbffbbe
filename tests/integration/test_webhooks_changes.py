"""Changes that meet deliveries which are claimed or under way: another URL, a webhook that is disabled, an erasure."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.consumers import Consumer, Received, answer, consumer
from tests.support.queued_hits import rows
from tests.support.webhook_endpoints import owe, register, sender_of, states, webhook
from tracker.application import Application
from tracker.store import webhooks
from tracker.store.database import Database
from tracker.webhooks.sender import CHECK_SECONDS


@pytest.fixture
def one() -> Iterator[Consumer]:
    with consumer() as opened:
        yield opened


def meanwhile(change: Callable[[], None], manner: Any) -> Any:
    """An endpoint at which something happens before it answers its first request."""
    happened = threading.Event()

    def answers(sock: Any, received: Received) -> None:
        if not happened.is_set():
            happened.set()
            change()
        manner(sock, received)

    return answers


def test_410_stands_in_the_audit_log_as_the_scheduler_s(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    one.manner = answer(410)
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now())
    sender_of(database, clock).turn()
    assert rows(
        database,
        "SELECT actor_kind, actor_key_id, application_id, subject, before, after FROM audit_log WHERE action = %s",
        "webhook.disabled",
    ) == [
        (
            "scheduler", None, application.id, str(webhook_id), {"is_active": True},
            {"is_active": False, "disabled_reason": "It answered 410: it wants no more deliveries."},
        )
    ]  # fmt: skip


@pytest.mark.parametrize("status", [410, 500, 503])
def test_what_an_old_url_answers_is_not_held_against_the_new_one_which_gets_the_delivery(
    database: Database, application: Application, clock: Any, one: Consumer, status: int
) -> None:
    with consumer() as old:
        webhook_id, _ = register(database, application, old.url, clock.now())

        def move() -> None:
            with database.transaction() as tx:
                webhooks.update(tx, webhook_id, url=one.url, now=clock.now())

        old.manner = meanwhile(move, answer(status, "Retry-After: 600"))
        [event_id] = owe(database, webhook_id, clock.now())
        sender = sender_of(database, clock)
        assert sender.turn() == 2
        assert (old.ids, one.ids) == ([event_id], [event_id])
        assert webhook(database, webhook_id, "is_active", "failure_count", "failing_since", "paused_until") == (
            True, 0, None, None,
        )  # fmt: skip
        assert rows(database, "SELECT state, attempt, attempts_before FROM webhook_deliveries") == [("delivered", 2, 1)]
        assert rows(database, "SELECT attempt, status FROM webhook_attempts ORDER BY 1") == [(1, status), (2, 200)]
        assert rows(database, "SELECT count(*) FROM audit_log WHERE action LIKE 'webhook%%'") == [(0,)]


def _disable(tx: Any, webhook_id: Any, now: Any, _: str) -> None:
    webhooks.disable(tx, webhook_id, reason="Disabled on request.", now=now)


def _erase(tx: Any, webhook_id: Any, _: Any, __: str) -> None:
    tx.execute("DELETE FROM webhook_deliveries WHERE webhook_id = %s AND state = 'waiting'", [webhook_id])


def _move(tx: Any, webhook_id: Any, now: Any, url: str) -> None:
    webhooks.update(tx, webhook_id, url=url, now=now)


@pytest.mark.parametrize("change", [_disable, _erase, _move])
def test_what_was_claimed_a_while_ago_is_looked_at_again_before_it_is_sent(
    database: Database, application: Application, clock: Any, one: Consumer, change: Callable[..., None]
) -> None:
    with consumer() as other:
        webhook_id, _ = register(database, application, one.url, clock.now())

        def happens() -> None:
            with database.transaction() as tx:
                change(tx, webhook_id, clock.now(), other.url)
            clock.advance(CHECK_SECONDS)

        one.manner = meanwhile(happens, answer())
        owe(database, webhook_id, clock.now(), 20)
        sender_of(database, clock).turn()
        assert len(one.received) == 1
        if change is _move:
            assert len(other.received) == 19
        else:
            assert states(database).get("delivered", 0) == (1 if change is _disable else 0)
            assert rows(database, "SELECT count(*) FROM webhook_deliveries WHERE leased_by IS NOT NULL") == [(0,)]

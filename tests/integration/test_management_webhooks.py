"""Webhooks as their owners manage them: registered, changed, rotated, disabled, deleted; deliveries sent again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.queued_hits import rows
from tests.support.registered_webhooks import SECRET_KEY, URL, audited, deliveries, local_rules, refused
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.encryption import SecretBox, new_secret
from tracker.errors import SettingsInvalid
from tracker.management import applications, webhook_deliveries, webhooks
from tracker.management.versions import version_of
from tracker.management.webhook_rules import WebhookRules
from tracker.outbox.event import Event
from tracker.outbox.publish import publish
from tracker.store.database import Database

NOW = SystemClock().now().replace(microsecond=0)


@pytest.fixture
def rules(settings: Settings) -> WebhookRules:
    """Those of an installation that lets webhooks go to this machine."""
    return local_rules(settings)


@pytest.fixture
def made(database: Database, rules: WebhookRules, application: Application) -> webhooks.WithSecret:
    return webhooks.create(database, rules, application.app_id, url=URL, events=["*"], now=NOW)


def stored_secret(database: Database, webhook_id: UUID, column: str = "secret") -> str | None:
    ((encrypted,),) = rows(database, f"SELECT {column} FROM webhooks WHERE id = %s", webhook_id)
    return None if encrypted is None else SecretBox(SECRET_KEY).decrypt(encrypted)


def test_a_webhook_is_registered_with_a_secret_that_is_stored_sealed_and_shown_once(
    database: Database, made: webhooks.WithSecret
) -> None:
    row = made.webhook
    assert (row.url, row.events, row.is_active, row.failure_count, row.app_id) == (URL, ["*"], True, 0, "shop")
    assert stored_secret(database, row.id) == made.secret
    ((text,),) = rows(database, "SELECT row_to_json(webhooks)::text FROM webhooks")
    assert made.secret not in text
    assert webhooks.show(database, row.id) == row
    assert webhooks.list_(database, "shop") == webhooks.list_(database) == [row]
    assert made.secret not in str(audited(database))
    assert "in-the-query" not in str(audited(database))


def test_a_secret_may_be_brought_along(database: Database, rules: WebhookRules, application: Application) -> None:
    secret = new_secret()
    made = webhooks.create(database, rules, application.app_id, url=URL, events=["*"], secret=secret, now=NOW)
    assert made.secret == stored_secret(database, made.webhook.id) == secret


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"),
        ({"events": ["tracking"]}, "events"),
        ({"events": []}, "events"),
        ({"secret": "whsec_short"}, "secret"),
    ],
)
def test_what_is_not_accepted_names_its_field_and_leaves_nothing(
    *, database: Database, rules: WebhookRules, application: Application, columns: dict[str, Any], field: str
) -> None:
    with refused("VALIDATION_ERROR", 400, field):
        webhooks.create(database, rules, application.app_id, **{"url": URL, "events": ["*"], "now": NOW, **columns})
    assert webhooks.list_(database) == []
    assert audited(database) == []


def test_an_unknown_application_has_no_webhooks(database: Database, rules: WebhookRules) -> None:
    with refused("APPLICATION_NOT_FOUND", 404):
        webhooks.create(database, rules, "nobody", url=URL, events=["*"], now=NOW)
    with refused("APPLICATION_NOT_FOUND", 404):
        webhooks.list_(database, "nobody")


def test_without_a_secret_key_nothing_is_registered(
    database: Database, settings: Settings, application: Application
) -> None:
    rules = WebhookRules.of(replace(settings, secret_key=None), SystemClock())
    with pytest.raises(SettingsInvalid, match="TRACKER_SECRET_KEY is not set"):
        webhooks.create(database, rules, application.app_id, url=URL, events=["*"], now=NOW)


def test_an_application_has_so_many_webhooks_and_no_more(
    database: Database, rules: WebhookRules, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_MAX_WEBHOOKS", 2)
    for _ in range(2):
        webhooks.create(database, rules, application.app_id, url=URL, events=["*"], now=NOW)
    with refused("CONFLICT", 409):
        webhooks.create(database, rules, application.app_id, url=URL, events=["*"], now=NOW)


def test_address_and_events_are_changed_alone_or_together_and_only_what_changed_is_noted(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret
) -> None:
    webhook_id = made.webhook.id
    changed = webhooks.update(database, rules, webhook_id, events=["session.ended"], now=NOW + timedelta(seconds=1))
    assert (changed.events, changed.url) == (["session.ended"], URL)
    assert changed.updated_at > made.webhook.updated_at
    changed = webhooks.update(database, rules, webhook_id, url="https://127.0.0.2/", now=NOW)
    assert (changed.events, changed.url) == (["session.ended"], "https://127.0.0.2/")
    webhooks.update(database, rules, webhook_id, url="https://127.0.0.2/", now=NOW)
    assert [(action, before, after) for action, _, before, after in audited(database)][1:] == [
        ("webhook.updated", {"events": ["*"]}, {"events": ["session.ended"]}),
        ("webhook.updated", {"url": "https://127.0.0.1:9443/hook"}, {"url": "https://127.0.0.2/"}),
    ]
    with refused("VALIDATION_ERROR", 400, "url"):
        webhooks.update(database, rules, webhook_id, url="https://192.168.0.1/", now=NOW)


def test_another_address_begins_with_nothing_held_against_it(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret
) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE webhooks SET failure_count = 9, failing_since = now(), paused_until = now() + '1 day'")
    for change in ({"events": ["session.ended"]}, {"url": URL}):
        same = webhooks.update(database, rules, made.webhook.id, now=NOW, **change)  # type: ignore[arg-type]
        assert same.failure_count == 9
        assert None not in {same.failing_since, same.paused_until}
    other = webhooks.update(database, rules, made.webhook.id, url="https://127.0.0.2/", now=NOW)
    assert (other.failure_count, other.failing_since, other.paused_until) == (0, None, None)


def test_a_change_that_was_based_on_another_version_is_refused(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret
) -> None:
    seen = frozenset({version_of(made.webhook)})
    webhooks.update(database, rules, made.webhook.id, events=["session.ended"], now=NOW, expected=seen)
    for service in (webhooks.disable, webhooks.enable, webhooks.delete):
        with refused("PRECONDITION_FAILED", 412):
            service(database, made.webhook.id, now=NOW, expected=seen)  # type: ignore[operator]
    with refused("PRECONDITION_FAILED", 412):
        webhooks.rotate_secret(database, rules, made.webhook.id, now=NOW, expected=seen)


def test_what_the_sender_notes_makes_no_new_version(database: Database, made: webhooks.WithSecret) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE webhooks SET failure_count = 3, last_triggered_at = now(), failing_since = now()")
    assert version_of(webhooks.show(database, made.webhook.id)) == version_of(made.webhook)


def test_after_a_rotation_the_old_secret_is_kept_for_a_day(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret
) -> None:
    rotated = webhooks.rotate_secret(database, rules, made.webhook.id, now=NOW)
    assert rotated.secret != made.secret
    assert stored_secret(database, made.webhook.id) == rotated.secret
    assert stored_secret(database, made.webhook.id, "previous_secret") == made.secret
    assert rotated.webhook.previous_secret_expires_at == NOW + timedelta(hours=24)
    assert [action for action, *_ in audited(database)] == ["webhook.created", "webhook.secret_rotated"]
    assert "whsec_" not in str(audited(database))


def test_a_disabled_webhook_gets_nothing_new_and_the_others_hear_of_it(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret, application: Application
) -> None:
    other = webhooks.create(database, rules, "shop", url=URL, events=["webhook.disabled"], now=NOW).webhook
    row = webhooks.disable(database, made.webhook.id, now=NOW)
    assert (row.is_active, row.disabled_at, row.disabled_reason) == (False, NOW, "Disabled on request.")
    assert webhooks.disable(database, made.webhook.id, now=NOW + timedelta(hours=1)) == row
    happened = Event("application.updated", "change_1", NOW, {})
    with database.transaction() as tx:
        assert publish(tx, application.id, [happened], NOW) == 0
    (told,) = deliveries(database, other.id)
    assert told["data"] == {
        "app_id": "shop",
        "webhook_id": str(made.webhook.id),
        "reason": "Disabled on request.",
        "disabled_at": f"{NOW:%Y-%m-%dT%H:%M:%S}Z",
    }
    with database.transaction() as tx:
        tx.execute("UPDATE webhooks SET failure_count = 3, failing_since = now(), paused_until = now()")
    row = webhooks.enable(database, made.webhook.id, now=NOW)
    assert (row.is_active, row.failure_count) == (True, 0)
    assert (row.failing_since, row.paused_until, row.disabled_at, row.disabled_reason) == (None,) * 4
    assert [action for action, *_ in audited(database)][2:] == ["webhook.disabled", "webhook.enabled"]


def test_a_webhook_goes_with_its_deliveries(
    database: Database, made: webhooks.WithSecret, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_BATCH", 2)
    with database.transaction() as tx:
        publish(tx, application.id, [Event("batch.failed", f"failed_{n}", NOW, {}) for n in range(5)], NOW)
    webhooks.delete(database, made.webhook.id, now=NOW)
    assert rows(database, "SELECT count(*) FROM webhook_deliveries") == [(0,)]
    with refused("NOT_FOUND", 404):
        webhooks.show(database, made.webhook.id)
    action, subject, before, after = audited(database)[-1]
    assert (action, subject, after) == ("webhook.deleted", str(made.webhook.id), None)
    assert before == {"url": "https://127.0.0.1:9443/hook", "events": ["*"], "is_active": True}


def test_another_application_s_webhook_is_not_found(
    database: Database, rules: WebhookRules, made: webhooks.WithSecret
) -> None:
    applications.create(database, name="News", app_id="news")
    mine, theirs = made.webhook.id, {"app_id": "news"}
    for call in (
        lambda: webhooks.show(database, mine, **theirs),
        lambda: webhooks.update(database, rules, mine, events=["*"], now=NOW, **theirs),
        lambda: webhooks.rotate_secret(database, rules, mine, now=NOW, **theirs),
        lambda: webhooks.disable(database, mine, now=NOW, **theirs),
        lambda: webhooks.enable(database, mine, now=NOW, **theirs),
        lambda: webhooks.delete(database, mine, now=NOW, **theirs),
        lambda: webhook_deliveries.list_(database, mine, **theirs),
        lambda: webhook_deliveries.redeliver(database, mine, "1", now=NOW, **theirs),
        lambda: webhook_deliveries.redeliver_failed(database, mine, since=NOW, waiting_limit=0, now=NOW, **theirs),
        lambda: webhook_deliveries.send_test(database, mine, now=NOW, **theirs),
        lambda: webhooks.show(database, uuid4()),
    ):
        with refused("NOT_FOUND", 404):
            call()
    assert webhooks.show(database, mine, app_id="shop") == made.webhook


def test_nothing_is_written_for_the_webhooks_of_a_deleted_application(
    database: Database, made: webhooks.WithSecret, application: Application
) -> None:
    applications.delete(database, application.app_id)
    with database.transaction() as tx:
        assert publish(tx, application.id, [Event("session.ended", "ended_1", NOW, {})], NOW) == 0
    assert deliveries(database, made.webhook.id) == []

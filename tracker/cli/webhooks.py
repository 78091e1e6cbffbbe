"""`webhooks`: who is told what happens, and what became of each delivery."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from tracker.cli import connections
from tracker.cli.options import TIME, app_id_option, json_option
from tracker.cli.output import note, print_fields, print_json, print_row, print_rows
from tracker.management import webhook_deliveries as delivery_services
from tracker.management import webhooks as management
from tracker.management.webhook_rules import WebhookRules
from tracker.store.webhook_deliveries import DeliveryRow

_LIST_COLUMNS = ("id", "app_id", "url", "events", "is_active", "failure_count", "last_triggered_at", "disabled_reason")
_DELIVERY_COLUMNS = ("id", "event_id", "event_type", "created_at", "state", "attempt", "at", "status", "ms", "error")
_TEST_SECONDS = 20.0
_webhook_id = click.argument("webhook_id", metavar="ID", type=click.UUID)


@click.group()
def webhooks() -> None:
    """Webhooks: URLs that are told, signed, of an application's hits, sessions and other events."""


@webhooks.command()
@app_id_option
@click.option("--url", required=True, help="Where to send: https, a host of the internet.")
@click.option("--events", required=True, metavar="NAME[,NAME]", help="What it is told; '*' is everything.")
@click.option("--secret", metavar="S", help="The secret that signs, whsec_...; without this, a new one.")
@json_option
def create(*, app_id: str, url: str, events: str, secret: str | None, as_json: bool) -> None:
    """Register a webhook and print its id and, this once, its secret."""
    settings = connections.settings()
    clock = connections.clock(settings)
    rules = WebhookRules.of(settings, clock)
    with connections.database(settings) as database:
        made = management.create(
            database, rules, app_id, url=url, events=events.split(","), secret=secret, now=clock.now()
        )
    _print_with_secret(made, as_json=as_json)


@webhooks.command("list")
@click.option("--app-id", metavar="ID", help="Of this application only.")
@json_option
def list_(*, app_id: str | None, as_json: bool) -> None:
    """List webhooks, oldest first."""
    with connections.database(connections.settings()) as database:
        rows = [asdict(row) for row in management.list_(database, app_id)]
    print_rows(_LIST_COLUMNS, rows, empty="There are no webhooks.", as_json=as_json)


@webhooks.command()
@_webhook_id
@json_option
def show(*, webhook_id: UUID, as_json: bool) -> None:
    """Show one webhook and how it fares; never its secret."""
    with connections.database(connections.settings()) as database:
        row = management.show(database, webhook_id)
    print_row(asdict(row), as_json=as_json)


@webhooks.command()
@_webhook_id
@click.option("--url", help="Where to send from now on, what waits included.")
@click.option("--events", metavar="NAME[,NAME]", help="What it is told from now on.")
@json_option
def update(*, webhook_id: UUID, url: str | None, events: str | None, as_json: bool) -> None:
    """Change where a webhook leads, or what it is told."""
    if url is None and events is None:
        raise click.UsageError("Say what to change: --url or --events.")
    settings = connections.settings()
    clock = connections.clock(settings)
    rules = WebhookRules.of(settings, clock)
    names = None if events is None else events.split(",")
    with connections.database(settings) as database:
        row = management.update(database, rules, webhook_id, url=url, events=names, now=clock.now())
    print_row(asdict(row), as_json=as_json)


@webhooks.command()
@_webhook_id
@click.option("--secret", metavar="S", help="The new secret, whsec_...; without this, one is made.")
@json_option
def rotate(*, webhook_id: UUID, secret: str | None, as_json: bool) -> None:
    """Give a webhook a new secret and print it, this once; the old one signs beside it for 24 hours."""
    settings = connections.settings()
    clock = connections.clock(settings)
    rules = WebhookRules.of(settings, clock)
    with connections.database(settings) as database:
        rotated = management.rotate_secret(database, rules, webhook_id, secret=secret, now=clock.now())
    _print_with_secret(rotated, as_json=as_json)


@webhooks.command()
@_webhook_id
@json_option
def test(*, webhook_id: UUID, as_json: bool) -> None:
    """Have a test sent to a webhook, wait up to 20 seconds, and show what became of it."""
    settings = connections.settings()
    clock = connections.clock(settings)
    with connections.database(settings) as database:
        delivery = delivery_services.send_test(database, webhook_id, now=clock.now())
        delivery = delivery_services.wait(database, delivery, clock, seconds=_TEST_SECONDS)
        if not delivery.attempt and not delivery_services.is_sent(database):
            note("No scheduler works, and it is the scheduler that sends: start `python -m tracker scheduler`.")
    if as_json:
        print_json(asdict(delivery))
    else:
        # What waits after an attempt is the next try: that time is all it adds.
        lines = _lines(delivery)
        again = {"again_at": delivery.due_at} if delivery.attempts and delivery.state == "waiting" else {}
        print_fields({**lines[max(len(delivery.attempts) - 1, 0)], **again})
    if delivery.state != "delivered":
        sys.exit(1)


@webhooks.command()
@_webhook_id
@click.option("--state", type=click.Choice(["waiting", "delivered", "failed"]), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
def deliveries(*, webhook_id: UUID, state: Any, limit: int, as_json: bool) -> None:  # noqa: ANN401 one of the choices
    """List what was sent to a webhook, the latest first, with every attempt."""
    with connections.database(connections.settings()) as database:
        rows = delivery_services.list_(database, webhook_id, state=state, limit=limit)
    lines = [asdict(row) for row in rows] if as_json else [line for row in rows for line in _lines(row)]
    print_rows(_DELIVERY_COLUMNS, lines, empty="Nothing was sent, and nothing waits.", as_json=as_json)


@webhooks.command()
@_webhook_id
@click.argument("names", metavar="[DELIVERY]...", nargs=-1)
@click.option("--failed-since", type=TIME, metavar="TIME", help="All that failed for good since then.")
@json_option
def redeliver(*, webhook_id: UUID, names: tuple[str, ...], failed_since: datetime | None, as_json: bool) -> None:
    """Send deliveries again, by their ids or event ids, or all that failed since a time; under the same event ids."""
    if (failed_since is not None) == bool(names):
        raise click.UsageError("Name deliveries by their ids or event ids, or say --failed-since.")
    settings = connections.settings()
    now = connections.clock(settings).now()
    with connections.database(settings) as database:
        if failed_since is not None:
            sent = delivery_services.redeliver_failed(
                database, webhook_id, since=failed_since, waiting_limit=settings.webhook_waiting_limit, now=now
            )
        else:
            for name in names:
                delivery_services.redeliver(database, webhook_id, name, now=now)
            sent = delivery_services.Redelivered(len(names), out_of_room=False)
    if as_json:
        print_json({"redelivered": sent.count, "out_of_room": sent.out_of_room})
        return
    click.echo(f"{sent.count} sent again.")
    if sent.out_of_room:
        note(
            "As many wait now as should (half of TRACKER_WEBHOOK_WAITING_LIMIT): run it again when these are delivered."
        )


@webhooks.command()
@_webhook_id
@click.argument("names", metavar="DELIVERY...", nargs=-1, required=True)
@json_option
def discard(*, webhook_id: UUID, names: tuple[str, ...], as_json: bool) -> None:
    """Give up deliveries that wait, by their ids or event ids: they count as failed and are not sent any more."""
    settings = connections.settings()
    with connections.database(settings) as database:
        for name in names:
            delivery_services.discard(database, webhook_id, name, now=connections.clock(settings).now())
    if as_json:
        print_json({"discarded": len(names)})
    else:
        click.echo(f"{len(names)} discarded.")


@webhooks.command()
@_webhook_id
@json_option
def enable(*, webhook_id: UUID, as_json: bool) -> None:
    """Send again to a webhook, with nothing held against it; what waited is taken up."""
    settings = connections.settings()
    with connections.database(settings) as database:
        row = management.enable(database, webhook_id, now=connections.clock(settings).now())
    print_row(asdict(row), as_json=as_json)


@webhooks.command()
@_webhook_id
@json_option
def disable(*, webhook_id: UUID, as_json: bool) -> None:
    """Send nothing to a webhook until it is enabled again."""
    settings = connections.settings()
    with connections.database(settings) as database:
        row = management.disable(database, webhook_id, now=connections.clock(settings).now())
    print_row(asdict(row), as_json=as_json)


@webhooks.command()
@_webhook_id
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(*, webhook_id: UUID, yes: bool, as_json: bool) -> None:
    """Forget a webhook with all of its deliveries, those that wait included."""
    settings = connections.settings()
    if not yes:
        click.confirm("Delete the webhook and its deliveries for good?", abort=True, err=True)
    with connections.database(settings) as database:
        management.delete(database, webhook_id, now=connections.clock(settings).now())
    if as_json:
        print_json({"deleted": webhook_id})
    else:
        click.echo(f"{webhook_id} deleted.")


def _print_with_secret(made: management.WithSecret, *, as_json: bool) -> None:
    row = asdict(made.webhook)
    values = {"id": row["id"], "url": row["url"], "secret": made.secret, **row}
    if as_json:
        print_json(values)
    else:
        print_fields({name: value for name, value in values.items() if value is not None})
        note("Keep the secret now: it is stored encrypted and cannot be shown again.")


def _lines(delivery: DeliveryRow) -> list[dict[str, Any]]:
    """Return a line for each attempt, or one for a delivery without any.

    The state and the next time stand in the last.
    """
    whole = {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "created_at": delivery.created_at,
    }
    lines = [
        {
            **whole,
            "state": "failed" if attempt.error else "delivered",
            "attempt": attempt.attempt,
            "at": attempt.attempted_at,
            "status": attempt.status,
            "ms": attempt.duration_ms,
            "error": attempt.error,
        }
        for attempt in delivery.attempts
    ]
    known = delivery.attempts[-1].error if delivery.attempts else None
    if delivery.state == "failed" and delivery.last_error not in (None, known):
        # No attempt failed: too many were waiting, or somebody has discarded it.
        lines.append({**whole, "state": "failed", "at": delivery.finished_at, "error": delivery.last_error})
    if delivery.state == "waiting":
        # What could not be sent for a reason of ours is no attempt: only here is it said.
        error = delivery.last_error if delivery.last_error != known else None
        lines.append(
            {**whole, "state": "waiting", "attempt": delivery.attempt + 1, "at": delivery.due_at, "error": error}
        )
    return lines

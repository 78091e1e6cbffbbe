"""`apps`: applications, whose hits are taken."""

from dataclasses import asdict
from typing import Any, Literal

import click

from tracker.cli import connections
from tracker.cli.lazy_group import LazyGroup
from tracker.cli.options import json_option
from tracker.cli.output import note, print_fields, print_json, print_row, print_rows
from tracker.management import applications, presets
from tracker.management.application_input import MAX_RATE_LIMIT

_RATE_LIMIT = click.IntRange(1, MAX_RATE_LIMIT)
_LIST_COLUMNS = ("app_id", "name", "domain", "status", "rate_limit_per_minute", "created_at")


_LAZY = {
    "delete": ("tracker.cli.purging:delete", "Delete an application: its hits and keys count no more."),
    "alias": ("tracker.cli.alias:alias", "Names that clients of other trackers have for it: add, list, remove."),
}


@click.group(cls=LazyGroup, table=_LAZY)
def apps() -> None:
    """Applications: each has an app_id, a status, a rate limit and API keys of its own."""


@apps.command()
@click.option("--name", required=True, help="What people call it.")
@click.option("--domain", help="Its host name, such as shop.example.com.")
@click.option("--app-id", metavar="ID", help="Its public identifier; without this, one that cannot be guessed.")
@click.option("--rate-limit", type=_RATE_LIMIT, default=1000, show_default=True, metavar="N", help="Hits a minute.")
@click.option("--preset", type=click.Choice(presets.NAMES), help="Define this set of custom parameters as well.")
@click.option("--description", help="Anything worth knowing.")
@json_option
def create(*, as_json: bool, **columns: Any) -> None:  # noqa: ANN401 what click gives
    """Make an application and print its app_id and, this once, its API key."""
    settings = connections.settings()
    with connections.database(settings) as database:
        made, api_key = applications.create(database, **columns)
        row = applications.show(database, made.app_id)
    connections.notify_receivers(settings, made.app_id)
    values = {"id": row.id, "app_id": row.app_id, "api_key": api_key, **asdict(row)}
    if as_json:
        print_json(values)
    else:
        print_fields({name: value for name, value in values.items() if value is not None})
        note("Keep the API key now: it is stored as a hash and cannot be shown again.")


@apps.command("list")
@click.option("--deleted", is_flag=True, help="Show deleted ones too.")
@json_option
def list_(*, deleted: bool, as_json: bool) -> None:
    """List the applications, oldest first."""
    with connections.database(connections.settings()) as database:
        rows = [asdict(row) for row in applications.list_(database, deleted=deleted)]
    print_rows(
        _LIST_COLUMNS,
        rows,
        empty="There are no applications: `python -m tracker apps create --name NAME`.",
        as_json=as_json,
    )


@apps.command()
@click.argument("app_id")
@json_option
def show(*, app_id: str, as_json: bool) -> None:
    """Show one application; never its API key, which is stored as a hash."""
    with connections.database(connections.settings()) as database:
        row = applications.show(database, app_id)
    print_row(asdict(row), as_json=as_json)


@apps.command()
@click.argument("app_id")
@click.option("--name", help="What people call it.")
@click.option("--domain", help="Its host name; an empty text for none.")
@click.option("--description", help="Anything worth knowing.")
@click.option("--rate-limit", "rate_limit_per_minute", type=_RATE_LIMIT, metavar="N", help="Hits a minute.")
@click.option("--status", type=click.Choice(("active", "inactive", "suspended")), help="Whether its hits are taken.")
@json_option
def update(*, app_id: str, as_json: bool, **given: Any) -> None:  # noqa: ANN401 what click gives
    """Change what is given of an application."""
    changes = {column: value for column, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("Nothing is to change: see --help.")
    settings = connections.settings()
    with connections.database(settings) as database:
        row = applications.update(database, app_id, changes)
    connections.notify_receivers(settings, app_id)
    print_row(asdict(row), as_json=as_json)


@apps.command()
@click.argument("app_id")
@json_option
def suspend(*, app_id: str, as_json: bool) -> None:
    """Refuse an application's hits from now on (within 5 seconds everywhere)."""
    _set_status(app_id, "suspended", as_json=as_json)


@apps.command()
@click.argument("app_id")
@json_option
def activate(*, app_id: str, as_json: bool) -> None:
    """Take an application's hits again."""
    _set_status(app_id, "active", as_json=as_json)


def _set_status(app_id: str, status: Literal["active", "suspended"], *, as_json: bool) -> None:
    settings = connections.settings()
    with connections.database(settings) as database:
        row = applications.set_status(database, app_id, status)
    connections.notify_receivers(settings, app_id)
    print_row(asdict(row), as_json=as_json)

"""`apps delete`: an application takes no hits any more; with --purge nothing of it is left."""

from dataclasses import asdict
from functools import partial

import click

from tracker.application import Application
from tracker.cli import connections, facts_of_days
from tracker.cli.erase import owner_name, progress
from tracker.cli.options import json_option
from tracker.cli.output import note, print_fields, print_json, print_row
from tracker.cli.terminal import visible
from tracker.config import Settings
from tracker.erasure import requests, run
from tracker.errors import not_found
from tracker.management import applications, audit
from tracker.management.audit import COMMAND
from tracker.store import applications as stored_applications
from tracker.store.database import Database, Transaction


@click.command()
@click.argument("app_id")
@click.option("--purge", is_flag=True, help="Remove its hits, sessions, statistics, keys and settings too, for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(*, app_id: str, purge: bool, yes: bool, as_json: bool) -> None:
    """Delete an application: its hits and keys count no more. Its rows stay, and its app_id stays taken.

    With --purge everything of it goes, in small batches, and its app_id is free again. Broken off it goes on when it
    is run again, or by the scheduler.
    """
    settings = connections.settings()
    with connections.database(settings) as database:
        row = applications.show(database, app_id)
        if row.deleted_at is not None and not purge:
            raise not_found(f"The application {app_id!r} is deleted already: --purge removes its rows.")
        if not yes:
            what = "Remove everything that was ever stored of" if purge else "Delete"
            click.confirm(f"{what} {app_id} ({visible(row.name)})?", abort=True, err=True)
        if row.deleted_at is None:
            row = applications.delete(database, app_id)
            connections.notify_receivers(settings, app_id)
        if not purge:
            print_row(asdict(row), as_json=as_json)
            return
        counts = _purge(settings, database, app_id)
    if as_json:
        print_json({"app_id": app_id, "purged": True, "counts": counts})
    else:
        print_fields({"app_id": app_id, "purged": True, **counts})


def _purge(settings: Settings, database: Database, app_id: str) -> dict[str, int]:
    clock = connections.clock(settings)
    with connections.queue(settings, database) as redis, progress("purging", "months") as on_day:
        with database.transaction() as tx:
            application = stored_applications.existing(tx, app_id)
            erasure_id, is_new = requests.request_purge(tx, application, now=clock.now())
            if is_new:
                _note(tx, application)
        counts = run.until_done(
            database,
            redis,
            clock,
            erasure_id,
            owner=owner_name(),
            write_facts=facts_of_days.facts_writer(settings, database).turn_if_ours,
            on_day=on_day,
            tell=note,
            on_wait=partial(note, "Another process is purging it: waiting for it."),
        )
    return dict(counts or {})


def _note(tx: Transaction, application: Application) -> None:
    audit.record(tx, COMMAND, application.id, "application.purged", application.app_id)

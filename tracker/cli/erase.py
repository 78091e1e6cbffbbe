"""`erase`: one person's data, wherever they stand; prints a receipt that names nobody."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.application import Application
from tracker.cli import connections, facts_of_days
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_fields, print_json
from tracker.erasure import identifiers, preview, requests, run
from tracker.erasure.identifiers import Identifiers
from tracker.erasure.requests import Receipt
from tracker.management import audit
from tracker.management.audit import COMMAND
from tracker.queueing.connection import Connection
from tracker.store import applications
from tracker.store.database import Database, Transaction
from tracker.wiring.clock import agreed_clock


@click.command()
@app_id_option
@click.option("--client-sub-id", "client_sub_ids", multiple=True, metavar="ID", help="Hits with this client_sub_id.")
@click.option("--session-id", "session_ids", multiple=True, metavar="ID", help="Hits with this session_id.")
@click.option("--ip", "addresses", multiple=True, metavar="ADDRESS", help="Hits from this address, as it is stored.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(
    *,
    app_id: str,
    client_sub_ids: tuple[str, ...],
    session_ids: tuple[str, ...],
    addresses: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a person's hits and all that was made of them: what any of the identifiers finds.

    Broken off it goes on when it is run again, or by the scheduler. Hits that are accepted while it runs are new ones.
    """
    if not (client_sub_ids or session_ids or addresses):
        raise click.UsageError("Name the person by --client-sub-id, --session-id or --ip.")
    named = identifiers.checked(client_sub_ids, session_ids, addresses)
    settings = connections.settings()
    with connections.database(settings) as database, connections.queue(settings, database) as redis:
        if dry_run or not yes:
            counts, notes = _look(database, redis, app_id, named)
            if dry_run:
                _print_counts(app_id, counts, notes, as_json=as_json)
                return
            _ask(counts, notes)
        write_facts = facts_of_days.facts_writer(settings, database).turn_if_ours
        receipt = _erase(database, redis, app_id, named, write_facts)
    _print_receipt(receipt, as_json=as_json)


def note_request(tx: Transaction, application: Application, erasure_id: UUID) -> None:
    """In the audit log stands that something was erased and when; the receipt's id, and nothing of the person."""
    audit.record(tx, COMMAND, application.id, "erasure.requested", str(erasure_id))


def owner_name() -> str:
    """Return who holds an erasure: host, process and chance."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@contextmanager
def progress(verb: str, of: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; the function that it yields hears how many of how many are done."""
    console = Console(stderr=True)
    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn(of), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(verb, total=None)
        yield lambda done, total: bar.update(task, total=total, completed=done)


def _look(
    database: Database, redis: Connection, app_id: str, named: Identifiers
) -> tuple[Mapping[str, int], list[str]]:
    with database.transaction() as tx:
        application = applications.existing(tx, app_id)
    with progress("counting", "days") as on_day:
        counts = preview.count(database, redis, identifiers.person_of(application, named), on_day=on_day)
    return counts, identifiers.notes_on(application, named)


def _ask(counts: Mapping[str, int], notes: list[str]) -> None:
    for sentence in notes:
        note(sentence)
    waiting = counts["redis_streams"] + counts["redis_retries"] + counts["batch_queue"]
    click.confirm(
        f"Erase {counts['access_logs']} hits, {counts['sessions']} sessions and {waiting} waiting or failed entries "
        "for good, and correct the statistics?",
        abort=True,
        err=True,
    )


def _erase(
    database: Database, redis: Connection, app_id: str, named: Identifiers, write_facts: Callable[[], object]
) -> Receipt:
    clock = agreed_clock(database, redis)
    clock.measure()
    requested = requests.request_person(database, app_id, named, now=clock.now(), note=note_request)
    with progress("erasing", "days") as on_day:
        run.until_done(
            database,
            redis,
            clock,
            requested.id,
            owner=owner_name(),
            write_facts=write_facts,
            on_day=on_day,
            tell=note,
            on_wait=partial(note, "Another process is erasing the same: waiting for it."),
        )
    return requests.receipt(database, app_id, requested.id)


def _print_counts(app_id: str, counts: Mapping[str, int], notes: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"app_id": app_id, "dry_run": True, "counts": counts, "notes": notes})
        return
    print_fields(dict(counts))
    for sentence in notes:
        note(sentence)
    note("Nothing was erased: --dry-run only counts.")


def _print_receipt(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(receipt))
        return
    print_fields(
        {
            "receipt": receipt.id,
            "app_id": receipt.app_id,
            "state": receipt.state,
            **{f"{identifier['kind']} (scrypt)": identifier["scrypt"] for identifier in receipt.identifiers},
            "requested_at": receipt.requested_at,
            "finished_at": receipt.finished_at,
            **(receipt.counts or {"erased": "nothing was found"}),
        }
    )
    for sentence in receipt.notes:
        note(sentence)

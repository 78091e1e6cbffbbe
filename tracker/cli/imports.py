"""`import list` and `import undo`: what was imported, and how a log's hits are taken out again."""

from functools import partial
from typing import Any
from uuid import UUID

import click

from tracker.application import Application
from tracker.cli import connections, facts_of_days
from tracker.cli.erase import owner_name
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_fields, print_json, print_table
from tracker.erasure import requests, run
from tracker.management import audit
from tracker.management.audit import COMMAND
from tracker.store import applications, imports
from tracker.store.database import Database, Transaction
from tracker.wiring.clock import agreed_clock

_COLUMNS = ("source", "stored", "first_hit_at", "last_hit_at", "last_run_at", "lines", "queued", "known", "runs")


class SubcommandsBesideFiles(click.Command):
    """A command of files which has subcommands too: a file of such a name is written `./list`."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 click's signature
    ) -> click.Context:
        """Return the context of the subcommand that the first argument names, else the command's own."""
        if args and (subcommand := _SUBCOMMANDS.get(args[0])) is not None:
            return subcommand.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("list")
@app_id_option
@json_option
def list_imports(*, app_id: str, as_json: bool) -> None:
    """List what was imported: each log by its name, how many hits of it are stored, and what its last run did."""
    settings = connections.settings()
    with connections.database(settings) as database, database.transaction() as tx:
        rows = imports.list_rows(tx, applications.existing(tx, app_id).id)
    if as_json:
        print_json(rows)
        return
    shown = [{**row, **_last_run(row["runs"]), "runs": len(row["runs"])} for row in rows]
    print_table(_COLUMNS, shown, empty=f"Nothing was imported into {app_id}.")


def _last_run(runs: list[dict[str, Any]]) -> dict[str, Any]:
    if not runs:
        return {}
    last = {"lines": 0, "queued": 0, "known": 0, **runs[0]}
    return {**last, "last_run_at": last["started_at"][:19].replace("T", " ") + "Z"}


@click.command("undo")
@app_id_option
@click.option("--source", required=True, metavar="NAME", help="The log's name, as `import list` shows it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def undo(*, app_id: str, source: str, yes: bool, as_json: bool) -> None:
    """Take all hits of a log out of rows, sessions and statistics, and out of the queue.

    Broken off it goes on when it is run again, or by the scheduler. The log may be imported anew afterwards.
    """
    settings = connections.settings()
    with connections.database(settings) as database, connections.queue(settings, database) as redis:
        if not yes:
            _ask(database, app_id, source)
        clock = agreed_clock(database, redis)
        clock.measure()
        requested = requests.request_undoing(
            database, app_id, source, now=clock.now(), note=partial(_note_undoing, source)
        )
        run.until_done(
            database,
            redis,
            clock,
            requested.id,
            owner=owner_name(),
            write_facts=facts_of_days.facts_writer(settings, database).turn_if_ours,
            tell=note,
            on_wait=partial(note, "Another process is undoing the same: waiting for it."),
        )
        receipt = requests.receipt(database, app_id, requested.id)
    undone = {"app_id": app_id, "source": source, "receipt": receipt.id}
    if as_json:
        print_json({**undone, "counts": receipt.counts, "notes": receipt.notes})
        return
    print_fields({**undone, **(receipt.counts or {"erased": "nothing was found"})})
    for sentence in receipt.notes:
        note(sentence)


def _ask(database: Database, app_id: str, source: str) -> None:
    with database.transaction() as tx:
        rows = {row["source"]: row for row in imports.list_rows(tx, applications.existing(tx, app_id).id)}
    stored = rows[source]["stored"] if source in rows else 0
    click.confirm(f"Take {stored} hits of {source} out of {app_id} for good?", abort=True, err=True)


def _note_undoing(source: str, tx: Transaction, application: Application, _erasure_id: UUID) -> None:
    audit.record(tx, COMMAND, application.id, "import.undone", source)


_SUBCOMMANDS = {"list": list_imports, "undo": undo}

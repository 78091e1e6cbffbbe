"""`ledger`: what became of all hits that were accepted; exit status 1 where any is missing."""

import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial

import click

from tracker.cli import connections
from tracker.cli.options import Day, json_option
from tracker.cli.output import note, print_fields, print_json, print_table
from tracker.ingest import filtered
from tracker.ledger import balance as ledger_balance
from tracker.ledger.balance import Balance

_COLUMNS = (
    "hour",
    "app_id",
    "accepted",
    "stored",
    "repeated",
    "failed",
    "discarded",
    "erased",
    "written_off",
    "waiting",
    "filtered",
    "refused",
    "dropped",
    "restored",
)
_DAY = Day(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.option("--app-id", metavar="ID", help="The hours of this application only.")
@click.option("--from", "start", type=_DAY, help="Hours from this time on (UTC); a day ago where it is not given.")
@click.option("--to", "end", type=_DAY, help="Hours before this time (UTC); now where it is not given.")
@click.option("--accept-loss", is_flag=True, help="Write missing hits off first, so that the ledger balances again.")
@json_option
def ledger(
    *, app_id: str | None, start: datetime | None, end: datetime | None, accept_loss: bool, as_json: bool
) -> None:
    """Hold all accepted hits against what has become of them, and show that by hour.

    The balance is about all hours and applications, and exact at every moment. Exit status 1 where hits are missing,
    or more were stored than accepted; the hours then show where. Hits that were accepted within the last minute may
    not stand in their hour yet. Imported hits are not in the ledger.
    """
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        clock = connections.clock(settings)
        if accept_loss:
            write_down = partial(filtered.fold_now, redis, database, clock)
            hits = ledger_balance.write_off(database, redis, clock, write_down=write_down, sleep=time.sleep)
            note(f"{hits} hits written off.")
        balance = ledger_balance.balance(database, redis, clock, sleep=time.sleep)
        first = (start or clock.now() - timedelta(days=1)).replace(tzinfo=UTC, minute=0, second=0, microsecond=0)
        last = end.replace(tzinfo=UTC) if end else clock.now() + timedelta(hours=1)
        rows = [
            {name: getattr(hour, name) for name in _COLUMNS}
            for hour in ledger_balance.hours(database, first, last)
            if app_id is None or hour.app_id == app_id
        ]
    if as_json:
        print_json({"balance": {**asdict(balance), "is_balanced": balance.is_balanced}, "hours": rows})
    else:
        for row in rows:
            row.update({name: sum(row[name].values()) for name in ("filtered", "refused")})
        print_table(_COLUMNS, rows, empty="No hits were accepted in this time.")
        click.echo()
        print_fields(balance.counts())
    for time_of_loss in balance.uncertain_since:
        note(
            f"Redis began without its data at {time_of_loss:%Y-%m-%d %H:%M:%SZ}: of the hits accepted in the minute "
            "before not all are known."
        )
    if not balance.is_balanced:
        note(_complaint(balance))
        sys.exit(1)


def _complaint(balance: Balance) -> str:
    if balance.lost:
        return (
            f"{balance.lost} accepted hits are neither stored nor waiting: Redis lost them. The hours above where hits "
            "wait, though the queue is empty, say when they were accepted. `ledger --accept-loss` notes the loss."
        )
    return (
        f"{balance.surplus} more hits were stored or failed than accepted: Redis came back with older data, or "
        "without it. `ledger --accept-loss` notes it; until then as many lost hits would not show."
    )

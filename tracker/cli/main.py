"""The operator's command line: its commands by name, and what becomes of an error.

Exit status: 0 done; 1 the thing asked for is not so (a failed check, something not found, no server); 2 wrong
usage or settings. Results go to standard output, everything else to standard error.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tracker import __version__
from tracker.cli.lazy_group import LazyGroup
from tracker.cli.terminal import visible
from tracker.errors import (
    DatabaseUnavailable,
    ForeignQueue,
    LockedOut,
    NotAdmitted,
    QueueFull,
    QueueUnavailable,
    SettingsInvalid,
    TookTooLong,
    TrackerError,
    UnknownApplication,
)

_COMMANDS = {
    "migrate": ("tracker.cli.migrate:migrate", "Bring the database's schema and partitions up to date."),
    "ledger": ("tracker.cli.ledger:ledger", "Show what became of all accepted hits, and whether any is missing."),
    "doctor": ("tracker.cli.doctor:doctor", "Check settings, PostgreSQL, Redis, workers and queue."),
    "apps": ("tracker.cli.apps:apps", "Applications: create, list, show, update, suspend, activate, delete, alias."),
    "keys": ("tracker.cli.keys:keys", "API keys of an application: list, create, revoke, rotate."),
    "params": ("tracker.cli.params:params", "Definitions of custom parameters: list, set, delete, preset."),
    "settings": ("tracker.cli.settings:settings", "Settings of an application: list, get, set, unset."),
    "webhooks": (
        "tracker.cli.webhooks:webhooks",
        "Webhooks: create, list, show, update, rotate, test, deliveries, redeliver, discard, enable, disable, delete.",
    ),
    "queue": ("tracker.cli.queue:queue", "What waits, and hits that failed: status, failed, show, retry, discard."),
    "instance": ("tracker.cli.instance:instance", "Which database and Redis belong together: show, adopt, renew."),
    "redis": ("tracker.cli.redis:redis", "Redis itself: acl, the user that the product needs there."),
    "partitions": ("tracker.cli.partitions:partitions", "Monthly partitions: list, create, drop, archive, restore."),
    "stats": (
        "tracker.cli.stats:stats",
        "Statistics: show, report, parameter, drift, filtered, verify against a recount, rebuild.",
    ),
    "sessions": ("tracker.cli.sessions:sessions", "Sessions of an application: list."),
    "export": ("tracker.cli.export:export", "Export an application's hits as CSV or lines of JSON."),
    "import": (
        "tracker.cli.import_:import_",
        "Import access logs or JSON lines: once, followed, replaced; list, undo.",
    ),
    "erase": ("tracker.cli.erase:erase", "Erase a person's data, with a receipt."),
    "capacity": ("tracker.cli.capacity:capacity", "How many processes, cores and gigabytes a load needs."),
    "serve": ("tracker.cli.serve:serve", "Run the receiver on the production web server."),
    "worker": ("tracker.cli.worker:worker", "Run the workers that write accepted hits into PostgreSQL."),
    "scheduler": ("tracker.cli.scheduler:scheduler", "Run the scheduler: partitions, statistics, webhooks, clean-up."),
    "demo": ("tracker.cli.demo:demo", "Start everything, send hits, show what became of them, stop everything."),
    "dev": ("tracker.cli.dev:dev", "The same, but stay up with live traffic until Ctrl-C."),
}


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _Failure(click.ClickException):
    """An expected error: one line on standard error, exit status 1 (click's own)."""


class _WrongSettings(_Failure):
    exit_code = 2


class _Commands(LazyGroup):
    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 click's signature
        with _told_in_a_line():  # Help and version are printed here.
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 click's signature
        try:
            with _told_in_a_line():
                return super().invoke(ctx)
        except (SettingsInvalid, ForeignQueue) as error:
            raise _WrongSettings(visible(str(error), is_one_line=False)) from error
        except TrackerError as error:
            raise _Failure(visible(_advice(error), is_one_line=False)) from error


@contextmanager
def _told_in_a_line() -> Iterator[None]:
    """Say of what finds no room where that is; without a file's name it is standard output."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        if error.filename is None:
            _discard_results()
        place = error.filename or "standard output"
        raise _Failure(f"What the command writes to {place} finds no room: {error.strerror}.") from error


def _advice(error: TrackerError) -> str:
    """Return the error's sentence, and what to look at where it does not name a command that helps."""
    sentence = str(error)
    if "`python -m tracker" in sentence or isinstance(error, LockedOut | NotAdmitted | TookTooLong):
        return sentence  # A server that says one of these runs, and is the right one.
    if isinstance(error, DatabaseUnavailable):
        return f"{sentence} See that DATABASE_URL names the right server and that it runs, then try again."
    if isinstance(error, QueueFull):
        return f"{sentence} `python -m tracker queue status` shows what waits."
    if isinstance(error, QueueUnavailable):
        return f"{sentence} See that REDIS_URL names the right server and that it runs, then try again."
    if isinstance(error, UnknownApplication):
        return f"{sentence} `python -m tracker apps list` shows those there are."
    return sentence


@click.group(cls=_Commands, table=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Access Log Tracker: collects page views and events into PostgreSQL.

    Settings come from the environment (DATABASE_URL and REDIS_URL at least) or a .env file.
    """
    _open_closed_streams()


def _discard_results() -> None:
    """Let go what standard output could not take, which the interpreter would try again when it ends."""
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Give standard streams that whoever started us has closed (`>&-`) their numbers back, in the order of these.

    A connection would get them otherwise, and what is printed with them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 open until we end

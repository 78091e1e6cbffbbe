"""`import --follow`: the signals, the state file and the connections of a follower."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from tracker.cli import connections
from tracker.cli.output import note
from tracker.config import Settings
from tracker.importing.follow import Follower
from tracker.importing.formats import LogReader
from tracker.importing.patient import Patient, Pause, Stopped
from tracker.importing.positions import StateFile
from tracker.importing.run import Import
from tracker.importing.runs import ImportRuns
from tracker.importing.source import STDIN
from tracker.importing.summary import Summary
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.wakeup import wake_worker

STATE_HELP = (
    "Where --follow keeps how far it has read.  [default: follow-APP_ID.json in $STATE_DIRECTORY, "
    "else in ~/.local/state/access-log-tracker]"
)


def check_follow(files: tuple[str, ...], *, follow: bool, state: Path | None, wait: bool, replace: bool) -> None:
    """Raises UsageError for what does not go together."""
    if follow and STDIN in files:
        raise click.UsageError("--follow reads files; standard input (-) is followed without it.")
    if follow and wait:
        raise click.UsageError("--follow does not end, so that there is no --wait.")
    if follow and replace:
        raise click.UsageError("--follow reads what is new: use --replace without it, for what was read before.")
    if state is not None and not follow:
        raise click.UsageError("--state belongs to --follow.")


def follow_logs(
    settings: Settings,
    runs: ImportRuns,
    redis: Connection,
    work: Import,
    *,
    files: tuple[str, ...],
    source: str | None,
    reader: Callable[[], LogReader],
    summary: Summary,
    state: Path | None,
    pause: Pause,
) -> None:
    """Follow until `pause` raises Stopped. Raises Refused."""
    wake = partial(wake_worker, redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
    path = state or _state_folder() / f"follow-{work.application.app_id}.json"
    with closing(StateFile(path, str(work.application.id))) as positions:
        patient = Patient(work.destination, work.prepare_month, runs, pause, note)
        follower = Follower(
            patterns=files,
            source=source,
            work=replace(
                work, destination=patient, prepare_month=patient.prepare_month, count_filtered=patient.count_filtered
            ),
            retention_months=settings.retention_months,
            look_up=partial(applications.find_for_hits, runs.database, work.application.app_id),
            set_clock=partial(connections.clock, settings),
            reader=reader,
            state=positions,
            summary=summary,
            begin_run=patient.begin_run,
            wake=wake,
            pause=pause,
            tell=note,
        )
        follower.run()


def _state_folder() -> Path:
    # systemd names the folder of `StateDirectory=` so; of several the first is meant.
    if folder := os.environ.get("STATE_DIRECTORY"):
        return Path(folder.split(":")[0])
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "access-log-tracker"


@contextmanager
def until_a_signal() -> Iterator[Pause]:
    """Give a pause that SIGTERM and SIGINT end, for what runs in the block."""
    stop = threading.Event()

    def pause(seconds: float, /) -> None:
        if stop.wait(seconds):
            raise Stopped

    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield pause
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

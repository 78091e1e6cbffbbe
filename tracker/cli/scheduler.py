"""`scheduler`: the process that does the turns of tracker/schedule.py."""

import signal
import sys
import threading

import click

from tracker import config, log, tracing
from tracker.error_reports import reporter
from tracker.queueing.server_facts import refuse_evicting
from tracker.schedule import table
from tracker.scheduler.loop import Loop
from tracker.wiring.malloc import use_one_arena
from tracker.wiring.scheduler import scheduler as wired


@click.command()
@click.option("--check", is_flag=True, help="Only say, by the exit status, whether a scheduler works.")
def scheduler(*, check: bool) -> None:
    """Run the scheduler: partitions, statistics, sessions, webhooks, clean-up.

    Several may run; one works, the others stand by. SIGTERM and Ctrl-C end it after the turn that it is in.
    """
    settings = config.load()
    log.configure(settings.log_format, report=reporter(settings.sentry_dsn))
    tracing.require(settings.otlp_endpoint)
    refuse_evicting(settings.redis_url)
    use_one_arena()
    parts = wired(settings)
    if check:
        sys.exit(0 if parts.leader() else 1)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop = Loop(table(parts), parts.lease_database, parts.clock, owner=parts.owner, failed=parts.note_failure)
    loop.run(stop)
    parts.close()

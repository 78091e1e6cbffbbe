"""`worker`: the processes that write accepted hits into PostgreSQL."""

import click

import tracker.jobs  # noqa: F401 imported before the workers fork, so that no job pays for it
from tracker import config, log, tracing
from tracker.error_reports import reporter
from tracker.queueing.pool import run_workers
from tracker.queueing.server_facts import refuse_evicting
from tracker.wiring.worker import parents_comparison

_MAX_WORKERS = 100


@click.command()
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, _MAX_WORKERS), help="Processes that work."
)
@click.option("--burst", is_flag=True, help="End when nothing is left to do.")
@click.option("--queues", multiple=True, metavar="NAME...", help="RQ queues.  [default: TRACKER_RQ_QUEUE]")
@click.argument("more_queues", nargs=-1, metavar="")
def worker(*, workers: int, burst: bool, queues: tuple[str, ...], more_queues: tuple[str, ...]) -> None:
    """Run the workers that write accepted hits into PostgreSQL.

    SIGTERM and Ctrl-C end them when what they are writing is written.
    """
    if more_queues and not queues:
        raise click.UsageError(f"{more_queues[0]!r} belongs to no option: name queues by --queues.")
    settings = config.load()
    log.configure(settings.log_format, report=reporter(settings.sentry_dsn))
    tracing.require(settings.otlp_endpoint)
    refuse_evicting(settings.redis_url)
    run_workers(
        settings,
        workers=workers,
        burst=burst,
        queues=[*queues, *more_queues],
        permit=parents_comparison(settings),
    )

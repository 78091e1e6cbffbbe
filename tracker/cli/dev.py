"""`dev`: everything started as in the demo, kept up with a little live traffic until Ctrl-C."""

import os
import random
import shlex
import signal
import sys
import sysconfig
import time
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from tracker.application import Application
from tracker.demo import stack
from tracker.demo.sender import HitSender, ReceiverAway
from tracker.demo.shop_visits import Visitors
from tracker.management import applications, goals, keys
from tracker.store import applications as stored_applications
from tracker.store import totals
from tracker.store.database import Database
from tracker.store.partitions import Month

FOLDER = Path(".dev")
APP_ID = "demo-shop"
_PORT = 8000
_WORKERS = 2
_HITS_A_SECOND = 3.0
_PAST_DAYS = 30
_PAST_VISITS = 1_500
_BATCH = 100
_MONTHS_SECONDS = 30.0
_REPORT_SECONDS = 5.0
_KEY_FILE = "api-key"
_STOP = {signal.SIGINT, signal.SIGTERM}


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help=f"Port of the receiver (default {_PORT}, or a free one).")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Where the data stay (default .dev in the working directory); remove it to start anew.",
)
def dev(port: int | None, folder: Path) -> None:
    """Everything as in the demo, but up with live traffic until Ctrl-C; the data stay."""
    console = Console(highlight=False)
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = port or stack.free_port(preferred=_PORT)
    try:
        with stack.running(
            folder,
            workers=_WORKERS,
            port=chosen,
            test_page=APP_ID,
            on_step=lambda step: console.print(f"… {step}"),
        ) as running:
            database = Database(running.database_url, name="dev")
            application, api_key = _application(console, running, database, folder)
            click.echo(_welcome(running, api_key, folder))
            _live(console, running, database, application)
    except KeyboardInterrupt:
        pass  # In the middle of starting: what had started is stopped.
    click.echo(f"Stopped. The data stay in {folder}")


def _application(console: Console, running: stack.Stack, database: Database, folder: Path) -> tuple[Application, str]:
    """Return the demo application, made at the first start.

    Its key is kept beside the data, since it is shown only once.
    """
    key_file = folder / _KEY_FILE
    with database.transaction() as tx:
        application = stored_applications.find(tx, APP_ID)
    if application is not None:
        return application, key_file.read_text() if key_file.exists() else f"lost; remove {folder} to start anew"
    made, api_key = applications.create(
        database, name="Demo shop", app_id=APP_ID, rate_limit=100_000, preset="ecommerce"
    )
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 private from its first byte
        file.write(api_key)
    goals.create_goal(database, APP_ID, name="Purchase", step="event:purchase", value_parameter="cart_total")
    steps = ("page:/", "page:/products/*", "event:add_to_cart", "event:purchase")
    goals.create_funnel(database, APP_ID, name="From the first page to a purchase", steps=steps)
    console.print("… sending the visits of a month")
    _send_past(running.url, database)
    return made, api_key


def _send_past(url: str, database: Database) -> None:
    """Send what a month of visits would have sent, so that the pages have something to show."""
    now = datetime.now(UTC)
    # The month before this one is the oldest that there is a partition of.
    days = min(_PAST_DAYS, (now - Month.of(now).plus(-1).start).days)
    key, api_key = keys.create(database, APP_ID, permissions=["track:trusted"], name="visits of the past")
    views = Visitors(seed=7).past(APP_ID, now, days=days, visits=_PAST_VISITS)
    batches = [views[first : first + _BATCH] for first in range(0, len(views), _BATCH)]
    deadline = time.monotonic() + _MONTHS_SECONDS
    try:
        with HitSender(url) as sender:
            # Until a receiver knows which months there are, it asks for what is older than a day again.
            while all(answer.code for answer in sender.batch(batches[0], api_key)) and time.monotonic() < deadline:
                time.sleep(0.2)
            for batch in batches[1:]:
                sender.batch(batch, api_key)
    finally:
        keys.revoke(database, APP_ID, str(key.id))


def _welcome(running: stack.Stack, api_key: str, folder: Path) -> str:
    today = datetime.now(UTC).date()
    return f"""
Access Log Tracker is up; Ctrl-C stops it.

  test page {running.url}/test-page   (click, and watch the hits arrive)
  beacon    <script async src="{running.url}/tracker.js" data-app-id="{APP_ID}"></script>
  pixel     {running.url}/pixel.gif?app_id={APP_ID}&url=https%3A%2F%2Fshop.example%2F
  health    {running.url}/health
  dashboard {running.url}/dashboard   (sign in with the API key below, or, for all applications and operations,
            with the admin token {running.admin_token})
  API       {running.url}/docs
  app_id    {APP_ID}
  API key   {api_key}

  a hit     curl {running.url}/v1/track -H 'Content-Type: application/json' \\
                -d '{{"app_id": "{APP_ID}", "url": "https://shop.example/"}}'
  a batch   curl {running.url}/v1/track/batch -H 'X-API-Key: {api_key}' \\
                -d '{{"events": [{{"app_id": "{APP_ID}"}}, {{"app_id": "{APP_ID}"}}]}}'
  numbers   curl '{running.url}/v1/statistics?start_date={today}&end_date={today}' -H 'X-API-Key: {api_key}'

  commands  export DATABASE_URL='{running.database_url}' REDIS_URL='{running.redis_url}'
            export TRACKER_FACTS_URL={shlex.quote(str(folder / stack.FACTS))}
            export TRACKER_SECRET_KEY='{running.secret_key}'
            export TRACKER_ADMIN_TOKEN='{running.admin_token}'
            export TRACKER_WEBHOOK_ALLOW_HTTP=true TRACKER_WEBHOOK_ALLOWED_NETWORKS={stack.WEBHOOK_NETWORK}
            {_called("queue status")}
  logs      {folder}
"""


def _called(command: str) -> str:
    """Return the lines by which a shell in any folder calls this program as it was called."""
    script = Path(sys.argv[0]).absolute()
    if script.name != "__main__.py":
        return f"{shlex.quote(str(script))} {command}"
    module = f"{shlex.quote(sys.executable)} -m tracker {command}"
    if str(stack.PLACE) in {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}:
        return module
    return f"export PYTHONPATH={shlex.quote(str(stack.PLACE))}\n            {module}"


def _live(console: Console, running: stack.Stack, database: Database, application: Application) -> None:
    """Send a few hits a second, until a signal says stop. On a terminal one line says how it goes.

    The signals are taken between two hits: an exception in the middle of one may get lost where Python finalizes.
    """
    visitors = Visitors(seed=time.time_ns())
    sent, reported = 0, time.monotonic()
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    try:
        with console.status("live traffic") as status:
            # The pauses of independent visitors: exponentially distributed around the mean.
            while signal.sigtimedwait(_STOP, random.expovariate(_HITS_A_SECOND)) is None:
                running.check()
                sent += _send_one(running.url, visitors, application.app_id)
                if time.monotonic() - reported > _REPORT_SECONDS:
                    with database.transaction() as tx:
                        stored = sum(totals.hits_by_partition(tx, application.id).values())
                    status.update(f"live traffic: {sent} hits sent, {stored} stored since the first start")
                    reported = time.monotonic()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)


def _send_one(url: str, visitors: Visitors, app_id: str) -> int:
    """Send one page view; 0 where the receiver could not be reached, which `Stack.check` then explains."""
    try:
        with HitSender(url) as sender:
            sender.track(visitors.page_view(app_id))
    except ReceiverAway:
        return 0
    return 1

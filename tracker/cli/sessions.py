"""`sessions`: the sessions of an application."""

from datetime import datetime

import click

from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_rows
from tracker.cli.reading_options import filter_of, param_option, period_of, period_options
from tracker.reading import sessions as reading

_COLUMNS = (
    "session_id",
    "client_sub_id",
    "first_accessed_at",
    "last_accessed_at",
    "seconds",
    "page_views",
    "is_active",
)


@click.group()
def sessions() -> None:
    """Sessions: visits, from their first hit to their last."""


@sessions.command("list")
@app_id_option
@period_options
@click.option("--active/--ended", "is_active", default=None, help="Only those that go on, or that have ended.")
@click.option("--session-id", metavar="ID", help="Only this one.")
@click.option("--client-sub-id", metavar="ID", help="Only of this visitor.")
@click.option("--module-id", metavar="ID", help="Only of this module.")
@param_option
@click.option(
    "--limit",
    type=click.IntRange(1, reading.MAX_ROWS),
    default=reading.DEFAULT_LIMIT,
    show_default=True,
    help="How many at once.",
)
@click.option("--cursor", metavar="TEXT", help="Where the page before this one ended.")
@json_option
def list_(
    *,
    app_id: str,
    first: datetime | None,
    last: datetime | None,
    is_active: bool | None,
    session_id: str | None,
    client_sub_id: str | None,
    module_id: str | None,
    params: tuple[tuple[str, object], ...],
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List the sessions that began within some days, the latest first; where there are more, it says how to go on."""
    with connections.reading(connections.settings()) as database:
        page = reading.read(
            database,
            app_id=app_id,
            period=period_of(first, last),
            is_active=is_active,
            session_id=session_id,
            client_sub_id=client_sub_id,
            module_id=module_id,
            custom_params=filter_of(params),
            cursor=cursor,
            limit=limit,
        )
    print_rows(_COLUMNS, page.sessions, empty=f"No such sessions of {app_id} began on these days.", as_json=as_json)
    if page.next_cursor:
        note(f"There are more: --cursor {page.next_cursor}")

"""`apps alias`: what clients of other trackers call an application."""

import click

from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import print_rows
from tracker.management import aliases

_alias_option = click.option("--alias", "name", required=True, metavar="FOREIGN_ID", help="The name that they have.")


@click.group()
def alias() -> None:
    """Names that clients of other trackers have for an application: a site's number, a UUID, a domain, a write key."""


@alias.command()
@app_id_option
@_alias_option
@json_option
def add(*, app_id: str, name: str, as_json: bool) -> None:
    """Let an application be called FOREIGN_ID as well; no other application may have that name."""
    loaded = connections.settings()
    with connections.database(loaded) as database:
        names = aliases.add(database, app_id, name)
    connections.notify_receivers(loaded, app_id)
    _print(app_id, names, as_json=as_json)


@alias.command("list")
@app_id_option
@json_option
def list_(*, app_id: str, as_json: bool) -> None:
    """List the names that an application has beside its app_id."""
    with connections.database(connections.settings()) as database:
        _print(app_id, aliases.list_(database, app_id), as_json=as_json)


@alias.command()
@app_id_option
@_alias_option
@json_option
def remove(*, app_id: str, name: str, as_json: bool) -> None:
    """Take a name from an application: clients that use it are refused from then on."""
    loaded = connections.settings()
    with connections.database(loaded) as database:
        names = aliases.remove(database, app_id, name)
    connections.notify_receivers(loaded, app_id)
    _print(app_id, names, as_json=as_json)


def _print(app_id: str, names: tuple[str, ...], *, as_json: bool) -> None:
    rows = [{"app_id": app_id, "alias": name} for name in names]
    print_rows(("app_id", "alias"), rows, empty="The application has no alias.", as_json=as_json)

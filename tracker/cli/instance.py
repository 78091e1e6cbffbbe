"""`instance`: which database and which Redis belong together, and an operator's word about it."""

import sys

import click

from tracker.cli import connections
from tracker.cli.options import json_option
from tracker.cli.output import note, print_fields, print_json
from tracker.instance import operator
from tracker.instance.operator import Belonging
from tracker.queueing.inspection import depths


@click.group()
def instance() -> None:
    """Which database DATABASE_URL leads to, and whose hits the Redis of REDIS_URL holds."""


@instance.command()
@json_option
def show(*, as_json: bool) -> None:
    """Show both; exit status 1 where they do not belong together."""
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        belonging = operator.look(database, redis)
    if as_json:
        owner = None if belonging.claim is None else belonging.claim.database.as_json()
        values = {"database": belonging.instance.database.as_json(), "redis_belongs_to": owner}
        print_json({**values, "together": belonging.is_together})
    else:
        print_fields({"database": str(belonging.instance.database), "redis_belongs_to": _owner(belonging)})
    if not belonging.is_together and belonging.said is not None:
        sys.exit(1)


@instance.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt(*, yes: bool) -> None:
    """Say that the Redis of REDIS_URL, with the hits that wait in it, belongs to the database of DATABASE_URL.

    For after a restore, a move or an upgrade of the database's server, and for a Redis in which hits wait and which
    says no more for which database. An empty Redis needs it not: the first process takes it.
    """
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        belonging = operator.look(database, redis)
        if belonging.is_together:
            note("They belong together already: nothing to do.")
            return
        if not yes:
            waiting = sum(depth.waiting + depth.pending for depth in depths(redis))
            click.confirm(
                f"Redis belongs to {_owner(belonging)}. From now on it, and the {waiting} hits that wait in it, are to "
                f"belong to {belonging.instance.database}?",
                abort=True,
                err=True,
            )
        operator.adopt(database, redis)
    click.echo(f"Redis belongs to {belonging.instance.database} now. Processes see it within half a minute.")


@instance.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def renew(*, yes: bool) -> None:
    """Make the database of DATABASE_URL another one than what it was copied from: for a copy that is to run beside it.

    Needed only for a copy that cannot be told from its original: one of a server's files (a snapshot, pg_basebackup).
    """
    settings = connections.settings()
    with connections.database(settings) as database, connections.redis(settings) as redis:
        belonging = operator.look(database, redis)
        if not yes:
            click.confirm(f"Give {belonging.instance.database} a new identity?", abort=True, err=True)
        operator.renew(database, redis)
        renewed = operator.look(database, redis).instance.database
    click.echo(f"It is {renewed} now.")


def _owner(belonging: Belonging) -> str:
    if belonging.said is None:
        return "nobody yet"
    return "what cannot be read" if belonging.claim is None else str(belonging.claim.database)

"""`redis`: the user that the product needs in Redis."""

from pathlib import Path

import click

from tracker.cli import connections
from tracker.cli.output import note
from tracker.errors import SettingsInvalid
from tracker.queueing import access_list


@click.group()
def redis() -> None:
    """Redis itself: who the product is there."""


@redis.command()
@click.option("--user", default="tracker", show_default=True, help="Its name.")
@click.option("--apply", "is_applied", is_flag=True, help="Make it in the Redis of REDIS_URL, instead of showing how.")
@click.option(
    "--password-file", type=click.Path(path_type=Path, allow_dash=True), help="Where its password stands, for --apply."
)
@click.option("--cluster", "is_cluster", is_flag=True, help="Show what a node of a cluster needs.")
def acl(*, user: str, is_applied: bool, password_file: Path | None, is_cluster: bool) -> None:
    """Show the command that makes a user who may do what the product needs and nothing else.

    With --apply it is made, for which REDIS_URL has to name a user who may do that. Replicas take no users over from
    their primary: do it at each of the servers. All nodes of a cluster that is in REDIS_URL get it.
    """
    if not is_applied:
        click.echo(f"ACL SETUSER {user} {' '.join(access_list.rules('>PASSWORD', is_cluster=is_cluster))}")
        return
    if password_file is None:
        raise click.UsageError("--apply needs --password-file.")
    password = _read(password_file)
    with connections.redis(connections.settings()) as redis:
        is_kept = access_list.set_user(redis, user, password)
    click.echo(f"The user {user} is there: REDIS_URL may name it now.")
    if not is_kept:
        note("Redis has no file of users (aclfile): write it into its configuration, or it is gone with a restart.")


def _read(path: Path) -> str:
    try:
        with click.open_file(str(path)) as file:
            password: str = file.read().strip()
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"{path} cannot be read: --password-file must name a text file.") from error
    if not password:
        raise SettingsInvalid(f"{path} is empty: --password-file must hold a password.")
    return password

"""A command group that imports a command only when it is run.

Every command needs something heavy (psycopg and its pool, redis, rq, the web server): together half a second. A shell
that completes names, a container's health check and `--help` need none of it, so the groups below know their commands
by name and one line of help, and import the module that holds a command when that command is asked for.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """`table` maps a command's name to where it is, `module:attribute`, and to its line in the help.

    Commands that were added in the usual way stand before those of the table.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 click's own
        super().__init__(*args, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self._table]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._table[cmd_name][0].partition(":")
        with _nothing_collected():
            command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        added = {name: command.get_short_help_str(formatter.width) for name, command in sorted(self.commands.items())}
        with formatter.section("Commands"):
            formatter.write_dl([*added.items(), *((name, line) for name, (_, line) in self._table.items())])


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the collector of garbage from what is imported, now and later: all of it stays, and looking takes a fifth.

    That is a fifth of the CPU with which a command starts, and for a process that stays some of every collection.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

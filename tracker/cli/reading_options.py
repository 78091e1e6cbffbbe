"""Options of the commands that read: the days, and the custom parameters that hits must have."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from tracker.cli.options import DAY
from tracker.clock import SystemClock
from tracker.reading.parameter_filter import value_of
from tracker.reading.period import Period

Command = TypeVar("Command", bound=Callable[..., Any])


class _Parameter(click.ParamType[tuple[str, Any]]):
    """`key=value`: the value is JSON where it reads as JSON (5, true, "5", ["a"]), else a text."""

    name = "parameter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:  # noqa: ANN401
        key, separator, text = value.partition("=")
        if not key or not separator:
            self.fail(f"{value!r} is not KEY=VALUE.", param, ctx)
        return key, value_of(text)


def period_options(command: Command) -> Command:
    """`--from` and `--to`, for `period_of`."""
    last = click.option("--to", "last", type=DAY, help="Last day (UTC), included; without it, today.")
    first = click.option("--from", "first", type=DAY, help="First day (UTC); without it, a week before the last.")
    return first(last(command))


def period_of(first: datetime | None, last: datetime | None) -> Period:
    """Return the days that the two options mean. Raises click.UsageError where they are the wrong way round."""
    if first and last and last < first:
        raise click.UsageError(f"--from {first.date()} is after --to {last.date()}.")
    return Period.of(first and first.date(), last and last.date(), today=SystemClock().now().date())


param_option = click.option(
    "--param",
    "params",
    type=_Parameter(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Only hits with this custom parameter; JSON where it reads as JSON, else text. May be given several times.",
)


def filter_of(params: tuple[tuple[str, Any], ...]) -> dict[str, Any] | None:
    """Return what `--param` asks for, or None."""
    return dict(params) or None

"""Options that many commands share, so that they are called the same everywhere."""

import math
from datetime import UTC, datetime
from typing import Any

import click

from tracker.reading.period import EARLIEST, LATEST
from tracker.store.partitions import Month

_MAX_EXACT = 2**53
"""Beyond it a float is no whole number in particular, and JSON has no whole numbers of any length."""


class _Number(click.ParamType[int | float]):
    """A finite number; a whole one stays whole, so that 5 is not written down as 5.0."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:  # noqa: ANN401
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return int(number) if number.is_integer() and abs(number) <= _MAX_EXACT else number


class Amount(click.FloatRange):
    """A number within bounds. Not a number (`nan`) is within all of click's."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        amount = super().convert(value, param, ctx)
        if math.isnan(amount):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return amount


class _Month(click.ParamType[Month]):
    """A month, YYYY-MM, of those whose days may be asked for."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:  # noqa: ANN401
        try:
            month = value if isinstance(value, Month) else Month.parse(value)
        except ValueError:
            self.fail(f"{value!r} is no month: one is written YYYY-MM.", param, ctx)
        if not Month.of(EARLIEST) <= month <= Month.of(LATEST):
            self.fail(f"{value!r} is no month from {Month.of(EARLIEST)} to {Month.of(LATEST)}.", param, ctx)
        return month


class Day(click.DateTime):
    """A day, or a time, of those that may be asked for."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        day = super().convert(value, param, ctx)
        if not EARLIEST <= day.date() <= LATEST:
            self.fail(f"{value!r} is no day from {EARLIEST} to {LATEST}.", param, ctx)
        return day


class _Time(click.ParamType[datetime]):
    """A moment, ISO 8601; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        try:
            time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: one is written 2026-11-23T09:30 or 2026-11-23T09:30:00+09:00.", param, ctx
            )


NUMBER = _Number()
MONTH = _Month()
TIME = _Time()
DAY = Day(["%Y-%m-%d"])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs on standard output.")
app_id_option = click.option("--app-id", required=True, metavar="ID", help="The application's app_id.")

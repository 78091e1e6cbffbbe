"""Options that many commands share, so that they are called the same everywhere."""

from datetime import UTC, datetime
from typing import Any

import click

from tracker.store.partitions import Month


class _Number(click.ParamType[int | float]):
    """A finite number; a whole one stays whole, so that 5 is not written down as 5.0."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float:  # noqa: ANN401
        try:
            number = float(value)
            return int(number) if number.is_integer() else number
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a number.", param, ctx)


class _Month(click.ParamType[Month]):
    """A month, YYYY-MM."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:  # noqa: ANN401
        try:
            return value if isinstance(value, Month) else Month.parse(value)
        except ValueError:
            self.fail(f"{value!r} is no month: one is written YYYY-MM.", param, ctx)


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

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs on standard output.")
app_id_option = click.option("--app-id", required=True, metavar="ID", help="The application's app_id.")

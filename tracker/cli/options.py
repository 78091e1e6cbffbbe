"""Options that many commands share, so that they are called the same everywhere."""

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


NUMBER = _Number()
MONTH = _Month()

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs on standard output.")
app_id_option = click.option("--app-id", required=True, metavar="ID", help="The application's app_id.")

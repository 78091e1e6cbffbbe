"""Numbers, days and months that commands take: what is beyond their bounds is wrong usage (exit status 2)."""

from collections.abc import Iterator
from functools import cache

import click
import pytest

from tracker.cli.main import main
from tracker.cli.options import MONTH, NUMBER, Amount, Day

KINDS = (click.types.IntParamType, click.types.FloatParamType, click.DateTime, type(NUMBER), type(MONTH))


def bounded_of(command: click.Command, name: str) -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            subcommand = command.get_command(context, below)
            assert subcommand is not None
            yield from bounded_of(subcommand, f"{name} {below}")
        return
    for parameter in command.params:
        if isinstance(parameter.type, KINDS):
            yield f"{name} {parameter.opts[-1]}".strip(), parameter


@cache
def bounded() -> dict[str, click.Parameter]:
    """All of them, by the name of the command and theirs; to find them loads every command."""
    return dict(bounded_of(main, ""))


def is_time(kind: click.ParamType) -> bool:
    return isinstance(kind, click.DateTime | type(MONTH))


def test_days_and_months_end_before_the_times_of_this_language_do() -> None:
    """The month 9999-12 was made, ends in the year 10000, and nothing could list the months any more."""
    times = {name: parameter for name, parameter in bounded().items() if is_time(parameter.type)}
    assert {"export --from", "export --to"} <= {*times}
    for name, parameter in times.items():
        kind = parameter.type
        assert kind is MONTH or isinstance(kind, Day), f"{name} takes any day"
        end = "" if kind is MONTH else "-01"
        for month in ("0001-01", "1969-12", "9999-01", "9999-12"):
            with pytest.raises(click.BadParameter) as refused:
                kind.convert(f"{month}{end}", parameter, click.Context(main))
            assert refused.value.exit_code == 2, (name, month)
        for month in ("1970-01", "9998-12"):
            assert kind.convert(f"{month}{end}", parameter, click.Context(main)), (name, month)


def test_a_number_has_bounds_and_nothing_beyond_them_is_taken() -> None:
    numbers = {name: parameter for name, parameter in bounded().items() if not is_time(parameter.type)}
    assert {"apps create --rate-limit", "sessions list --limit", "stats report --limit", "params set --min"} <= {
        *numbers
    }
    for name, parameter in numbers.items():
        kind = parameter.type
        odd = ["nan", "inf", "-inf", "1e400", "", "x"]
        if kind is not NUMBER:
            assert isinstance(kind, click.IntRange | Amount), f"{name} takes any number"
            assert kind.min is not None, name
            assert kind.max is not None, name
            odd += [str(kind.min - 1), str(kind.max * 10), "9" * 400, "-1"]
        for text in odd:
            with pytest.raises(click.BadParameter) as refused:
                parameter.type_cast_value(click.Context(main), text)
            assert refused.value.exit_code == 2, (name, text)


def test_a_bound_of_a_rule_is_a_number_that_json_has() -> None:
    """Of whole numbers beyond 64 bits it has none; a traceback said so, and `nan` was stored as no bound at all."""
    converted = [NUMBER(text) for text in ("5", "5.5", "-0.0", "9007199254740993", "99999999999999999999999")]
    assert [repr(number) for number in converted] == ["5", "5.5", "0", "9007199254740992", "1e+23"]

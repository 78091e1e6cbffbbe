"""How results are printed: tables for people, plain lines for pipes, JSON for programs.

What is stored came from strangers. Tables and sentences show a character that nobody would see as an escape, also in a
pipe, whose end is often a terminal; so does JSON, in which an escape means the character itself.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import orjson
from rich.cells import cell_len

from tracker.cli.terminal import visible

TableRow = Mapping[str, Any]
_MAX_WIDTH = 60
"""Characters of a column; names of columns have fewer."""


def print_json(value: Any) -> None:  # noqa: ANN401 anything that JSON can hold
    """Print one JSON document on standard output, and nothing else ever goes there with it."""
    text = orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()
    click.echo(visible(text, is_one_line=False))


def print_table(columns: Sequence[str], rows: Iterable[TableRow], *, empty: str) -> None:
    """Print a drawn table on a terminal, aligned plain text elsewhere; `empty` is the sentence for no rows at all."""
    lines = [[_cell(row.get(column)) for column in columns] for row in rows]
    if not lines:
        click.echo(empty)
    elif sys.stdout.isatty():
        _draw(columns, lines)
    else:
        _align(columns, lines)


def print_rows(columns: Sequence[str], rows: Sequence[TableRow], *, empty: str, as_json: bool) -> None:
    """Many things: all that is known of them as JSON, or a table of these columns."""
    if as_json:
        print_json(rows)
    else:
        print_table(columns, rows, empty=empty)


def print_row(values: TableRow, *, as_json: bool) -> None:
    """Print a single thing, as JSON or field by field."""
    if as_json:
        print_json(values)
    else:
        print_fields(values)


def print_fields(values: TableRow) -> None:
    """One `name  value` a line, for a single thing."""
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name:<{width}}  {_cell(value)}")


def note(message: str) -> None:
    """Print a remark for the person at the terminal: standard error, so that it never mixes with results."""
    click.echo(visible(message, is_one_line=False), err=True)


def _cell(value: Any) -> str:  # noqa: ANN401 a value of any column
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, dict | list | tuple):
        return visible(orjson.dumps(value, default=str).decode())
    return visible(str(value))


def _draw(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    # Most commands draw nothing, and would load this for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))  # Text: square brackets in a value are no markup.
    Console().print(table)


def _align(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    lengths = [[cell_len(line[place]) for line in [columns, *lines]] for place in range(len(columns))]
    # A longer cell shifts its own line: with the column as wide as that, nobody could read the others.
    widths = [max(length for length in column if length <= _MAX_WIDTH) for column in lengths]
    for line in [columns, *lines]:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())

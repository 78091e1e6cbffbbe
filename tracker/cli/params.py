"""`params`: which custom parameters an application has defined."""

from dataclasses import asdict
from typing import Any

import click
import orjson

from tracker.cli import connections
from tracker.cli.options import NUMBER, app_id_option, json_option
from tracker.cli.output import print_json, print_row, print_rows
from tracker.json_rules import MAX_DEPTH, TOO_DEEP, nests_over
from tracker.management import parameters, presets
from tracker.management.definition_check import TYPES

_LIST_COLUMNS = (
    "parameter_key",
    "parameter_type",
    "parameter_name",
    "is_required",
    "default_value",
    "validation_rules",
)


@click.group()
def params() -> None:
    """Definitions of custom parameters: what a parameter may hold, and that its values are kept for statistics."""


@params.command("list")
@app_id_option
@json_option
def list_(*, app_id: str, as_json: bool) -> None:
    """List an application's definitions, by key."""
    with connections.database(connections.settings()) as database:
        rows = [asdict(definition) for definition in parameters.list_(database, app_id)]
    print_rows(
        _LIST_COLUMNS,
        rows,
        empty=f"{app_id} has no definitions: `python -m tracker params set --help`.",
        as_json=as_json,
    )


@params.command("set")
@click.argument("key")
@app_id_option
@click.option("--type", "parameter_type", type=click.Choice(TYPES), help="What its values are; needed for a new one.")
@click.option("--name", "parameter_name", help="What people call it; the key where it is new and this is not given.")
@click.option("--description", help="What it means.")
@click.option("--required/--optional", "is_required", default=None, help="Whether a hit has to have it.")
@click.option("--default", "default_value", help="The value of hits that do not have it.")
@click.option("--no-default", is_flag=True, help="Take the default away.")
@click.option("--rules", metavar="JSON", help='All rules at once, such as {"min_value": 0}; replaces those there are.')
@click.option("--no-rules", is_flag=True, help="Take all rules away.")
@click.option("--allowed", "allowed_values", metavar="JSON", help='A rule: one of these, such as ["a", "b"].')
@click.option("--min", "min_value", type=NUMBER, help="A rule: at least this.")
@click.option("--max", "max_value", type=NUMBER, help="A rule: at most this.")
@click.option("--pattern", help="A rule: a regular expression (RE2) that the text must match somewhere.")
@click.option(
    "--max-length",
    type=click.IntRange(0, 2**31 - 1),
    help="A rule: at most so many characters, or elements of an array.",
)
@json_option
def set_(*, key: str, app_id: str, no_default: bool, no_rules: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Define the parameter KEY, or change what is given of its definition."""
    rule_names = ("allowed_values", "min_value", "max_value", "pattern", "max_length")
    single_rules = {name: value for name in rule_names if (value := given.pop(name)) is not None}
    rules = given.pop("rules")
    changes = {column: value for column, value in given.items() if value is not None}
    if no_default:
        changes["default_value"] = None
    if "allowed_values" in single_rules:
        single_rules["allowed_values"] = _json("--allowed", single_rules["allowed_values"])
    if rules is not None or no_rules:
        changes["validation_rules"] = _json("--rules", rules) if rules is not None else {}
        if not isinstance(changes["validation_rules"], dict):
            raise click.BadParameter("it needs a JSON object.", param_hint="--rules")
    settings = connections.settings()
    with connections.database(settings) as database:
        definition = parameters.set_(database, app_id, key, changes, single_rules)
    connections.notify_receivers(settings, app_id)
    print_row(asdict(definition), as_json=as_json)


@params.command()
@click.argument("key")
@app_id_option
@json_option
def delete(*, key: str, app_id: str, as_json: bool) -> None:
    """Take the definition of KEY away; values stored under it stay."""
    settings = connections.settings()
    with connections.database(settings) as database:
        gone = parameters.get(database, app_id, key)
        parameters.delete(database, app_id, key)
    connections.notify_receivers(settings, app_id)
    print_row(asdict(gone), as_json=as_json)


@params.command()
@click.argument("name", type=click.Choice(presets.NAMES))
@app_id_option
@json_option
def preset(*, name: str, app_id: str, as_json: bool) -> None:
    """Define a whole set of parameters; definitions of the same keys are overwritten."""
    settings = connections.settings()
    with connections.database(settings) as database:
        written = parameters.apply_preset(database, app_id, name)
    connections.notify_receivers(settings, app_id)
    if as_json:
        print_json([asdict(definition) for definition in written])
    else:
        click.echo(f"{len(written)} definitions of the preset {name} written to {app_id}.")


def _json(option: str, text: str) -> object:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"it needs JSON: {error.msg}.", param_hint=option) from error
    if nests_over(value, MAX_DEPTH):
        raise click.BadParameter(TOO_DEEP, param_hint=option)
    return value

"""Whether the definition of a custom parameter makes sense, told to the one who writes it.

The worker forgives what it cannot use of a definition (`tracker.parameter_rules`); who writes one is told instead, and
also of what would be without effect: a rule with a misspelt name, or one that does not speak of the type.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import orjson

from tracker.application import ParameterDefinition, ParameterType
from tracker.parameter_limits import MAX_DEFAULTS_BYTES, MAX_DEFINITIONS, MAX_RULES_BYTES, default_bytes
from tracker.parameter_rules import compile_definition
from tracker.visible_text import is_visible

TYPES: tuple[str, ...] = get_args(ParameterType)
_LENGTHS = {"parameter_key": 100, "parameter_name": 255}
_RULES_OF_TYPE = {
    "string": ("allowed_values", "pattern", "max_length"),
    "number": ("allowed_values", "min_value", "max_value"),
    "boolean": ("allowed_values",),
    "array": ("allowed_values", "max_length"),
    "object": ("allowed_values",),
}
_PYTHON_TYPES = {"string": str, "number": int | float, "boolean": bool, "array": list, "object": dict}


def problems_of(definition: ParameterDefinition) -> dict[str, list[str]]:
    """Return what is wrong with a definition, as sentences by column; empty where nothing is."""
    problems: dict[str, list[str]] = {}
    for column, longest in _LENGTHS.items():
        text: str = getattr(definition, column)
        if not 1 <= len(text) <= longest or not is_visible(text):
            problems[column] = [f"It needs 1 to {longest} characters, none of them a control character."]
    for column in ("description", "default_value"):
        if "\0" in (getattr(definition, column) or ""):
            problems[column] = ["It holds a NUL character."]
    if definition.parameter_type not in TYPES:
        problems["parameter_type"] = [f"It needs to be one of {', '.join(TYPES)}."]
        return problems
    rules = definition.validation_rules or {}
    wrong_rules = _wrong_rules(definition.parameter_type, rules)
    for problem in compile_definition(definition).problems:
        if problem.startswith("default_value"):
            problems.setdefault("default_value", []).append(problem)
        else:
            wrong_rules.append(problem)
    if wrong_rules:
        problems["validation_rules"] = wrong_rules
    return problems


def problems_of_all(before: Sequence[ParameterDefinition], after: Sequence[ParameterDefinition]) -> dict[str, str]:
    """Return what is wrong with an application's definitions together, as a sentence by column.

    Returns nothing where it is no worse now.
    """
    measures = (
        ("parameter_key", len, MAX_DEFINITIONS, "at most {limit} parameters"),
        ("default_value", _defaults_bytes, MAX_DEFAULTS_BYTES, "defaults of at most {limit} bytes together, with keys"),
        ("validation_rules", _rules_bytes, MAX_RULES_BYTES, "rules of at most {limit} bytes together, as JSON"),
    )
    return {
        column: f"An application has {what.format(limit=limit)}; this would make {measure(after)}."
        for column, measure, limit, what in measures
        if measure(after) > limit and measure(after) > measure(before)
    }


def _defaults_bytes(definitions: Sequence[ParameterDefinition]) -> int:
    return sum(default_bytes(compile_definition(definition)) for definition in definitions)


def _rules_bytes(definitions: Sequence[ParameterDefinition]) -> int:
    return sum(
        len(orjson.dumps(definition.validation_rules)) for definition in definitions if definition.validation_rules
    )


def _wrong_rules(kind: str, rules: Mapping[str, Any]) -> list[str]:
    known = _RULES_OF_TYPE[kind]
    wrong = [f"{name} is no rule of a {kind}: there are {', '.join(known)}." for name in rules if name not in known]
    allowed = rules.get("allowed_values")
    if isinstance(allowed, list):
        if not allowed:
            wrong.append("allowed_values is empty, so that no value could ever pass.")
        elif not all(_is_of(kind, value) for value in allowed):
            wrong.append(f"allowed_values holds a value that is no {kind}.")
    bounds = [rules.get(name) for name in ("min_value", "max_value")]
    low, high = (bound if isinstance(bound, int | float) else None for bound in bounds)
    if low is not None and high is not None and low > high:
        wrong.append("min_value is above max_value.")
    return wrong


def _is_of(kind: str, value: Any) -> bool:  # noqa: ANN401 any JSON value
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))

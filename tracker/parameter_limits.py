"""How many custom parameters an application defines, and how much their defaults add to a hit: pure.

Every hit of the application is checked against all of its definitions, and every default that it does not name is
written, three times over with its indexes. What an owner may define is therefore bounded, for the sake of the other
applications that the same workers serve. Definitions that stand in the table all the same (written by hand, or before
there was a limit) are used as far as the limits go: the first ones by key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tracker.application import ParameterDefinition
from tracker.parameter_rules import ParameterRule, compile_definition

MAX_DEFINITIONS: Final = 100
MAX_DEFAULTS_BYTES: Final = 8_192
"""Of all defaults of an application together, each with its key."""
MAX_RULES_BYTES: Final = 65_536
"""Of all validation rules of an application together, as JSON."""


def default_bytes(rule: ParameterRule) -> int:
    """Return what a definition's default adds to a hit that does not name the parameter."""
    return 0 if rule.default_text is None else len(rule.key.encode()) + len(rule.default_text.encode())


def is_open(rule: ParameterRule) -> bool:
    """Tell whether there may be any number of values: of texts and JSON that are not listed in `allowed_values`."""
    return rule.type in ("string", "array", "object") and all(reason != "allowed_values" for reason, _ in rule.tests)


def usable_rules(definitions: Sequence[ParameterDefinition]) -> tuple[ParameterRule, ...]:
    """Compile the definitions that hits are checked against; `definitions` are all of an application's, by key.

    A default beyond the limit counts as a broken one: the definition holds without it, and it is counted as refused.
    """
    return tuple(_bounded(map(compile_definition, definitions[:MAX_DEFINITIONS])))


def _bounded(rules: Iterable[ParameterRule]) -> Iterable[ParameterRule]:
    room = MAX_DEFAULTS_BYTES
    for rule in rules:
        size = default_bytes(rule)
        if size > room:
            yield replace(rule, default=None, default_text=None, default_broken=True)
        else:
            room -= size
            yield rule

"""Checking a hit's custom parameters against what its application has defined; pure.

    value                       custom_params      custom_parameter_values   counted
    defined and admitted        as sent            one row, canonical text
    defined, absent, default    the default        one row                   (a broken default: default)
    required, absent            -                  -                         required
    refused, drop_param         taken out          -                         the reason
    refused, accept             as sent            -                         the reason
    refused, reject             the hit fails, with every reason
    over 2,000 bytes            taken out          -                         too_long, in every mode
    not defined                 as sent            -

A null counts as absent. `page_type` has an index of its own, so that its length counts where it is not defined too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.parameter_rules import ParameterRule, is_too_long

_INDEXED = "page_type"
_FORGIVEN = frozenset(("too_long", "default"))
"""Never a reason to reject a hit: the first is dropped in every mode, the second is the definition's own fault."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a hit's custom parameters, and what became of the rest."""

    params: dict[str, Any] | None
    values: Sequence[tuple[str, str]] = ()
    """Key and text of each row for `custom_parameter_values`."""
    refusals: Sequence[tuple[str, str]] = ()
    """Key and reason of each refusal, to be counted."""
    rejected: bool = False
    """The hit fails because of `refusals`; only in mode `reject`."""


def check(params: dict[str, Any] | None, rules: Sequence[ParameterRule], mode: str) -> Checked:
    """Check the parameters of one hit; `mode` is the application's `custom_params_mode`. `params` is left as it is."""
    if not rules and (params is None or _INDEXED not in params):
        return Checked(params)
    given: dict[str, Any] = {} if params is None else params
    left = given
    values: list[tuple[str, str]] = []
    refusals: list[tuple[str, str]] = []
    if is_too_long(given.get(_INDEXED)):
        left = _without(left, _INDEXED)
        refusals.append((_INDEXED, "too_long"))
    for rule in rules:
        key = rule.key
        value = left.get(key)
        if value is not None:
            admission = rule.admit(value)
            if admission.reason is None:
                values.append((key, admission.text))
            else:
                refusals.append((key, admission.reason))
                if admission.reason == "too_long" or mode == "drop_param":
                    left = _without(left, key)
        # Most definitions ask nothing of a hit without them, and most hits bring few of what is defined.
        elif (rule.required or rule.default_broken or rule.default_text is not None) and given.get(key) is None:
            left = _stand_in(rule, left, values, refusals)
    rejected = mode == "reject" and any(reason not in _FORGIVEN for _, reason in refusals)
    return Checked(params if left is given else left, values, refusals, rejected)


def _stand_in(
    rule: ParameterRule, left: dict[str, Any], values: list[tuple[str, str]], refusals: list[tuple[str, str]]
) -> dict[str, Any]:
    """Return the parameters with the default of one that is absent, or as they are, and what is to be said about it."""
    if rule.default_text is not None:
        values.append((rule.key, rule.default_text))
        return {**left, rule.key: rule.default}
    if rule.default_broken:
        refusals.append((rule.key, "default"))
    if rule.required:
        refusals.append((rule.key, "required"))
    return left


def _without(params: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != key}

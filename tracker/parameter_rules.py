"""What a definition demands of a custom parameter's value: pure, and the same for who defines and for who checks.

`compile_definition` never raises: what it cannot use of a definition it names in `problems`, so that the one who
stores a definition can refuse it, and the worker that finds a broken one goes on without the broken part.

The rules (`validation_rules`, all optional; names that are not in this list are ignored):

    allowed_values   list; the value is one of these as JSON knows equality (true is not 1, 1 is 1.0)
    min_value        number; a number is at least this
    max_value        number; a number is at most this
    pattern          RE2 syntax; a string holds a match somewhere (the author writes ^ and $ where the whole must match)
    max_length       whole number; a string has at most so many characters, an array so many elements

A rule that does not speak of the definition's type is ignored. Patterns run on RE2, whose time is linear in the
value's length whatever the pattern is: no definition can hang a worker. Look-around and back-references do not exist.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

import orjson

from tracker.application import ParameterDefinition, ParameterType
from tracker.json_rules import MAX_DEPTH, MAX_INTEGER, nests_over

try:
    import re2
except ModuleNotFoundError:  # No wheel for this platform: a pattern is then a problem, never a risk.
    re2 = None

RefusalReason = Literal[
    "type", "required", "default", "too_long", "allowed_values", "min_value", "max_value", "pattern", "max_length"
]

Json = Any
"""A JSON value as orjson reads it."""

Test = Callable[[Json], bool]
"""Whether a value, known to be of the definition's type, keeps one rule."""

MAX_TEXT_BYTES: Final = 2_000
"""What an index entry can hold, with room for the key beside it: a B-tree entry ends at 2,704 bytes."""

_UTF8_BYTES_A_CHARACTER = 4
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}
_NUMBER_TEXT_MAX = 400
"""A string of more characters is not read as a number: the largest float has 309 digits, and nobody types more."""


class Admission(NamedTuple):
    """The answer about one value: its text as stored in `custom_parameter_values`, or why it is refused."""

    text: str
    reason: RefusalReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRule:
    """A definition made ready for checking many values."""

    key: str
    type: ParameterType
    required: bool
    default: Json
    """The parsed default, None where there is none or where it is broken."""
    default_text: str | None
    """The default as text; None where `default` is None."""
    default_broken: bool
    tests: tuple[tuple[RefusalReason, Test], ...]
    """The rules in force, each with the reason that stands where its test says no."""
    problems: tuple[str, ...]
    """What is wrong with the definition itself, as sentences; empty for a sound one."""

    def admit(self, value: Json) -> Admission:
        """Check one present value (never None): length first, then the type, then the rules in their listed order."""
        if is_too_long(value):
            return Admission("", "too_long")
        typed = _typed(self.type, value)
        if typed is None:
            return Admission("", "type")
        for reason, test in self.tests:
            if not test(typed):
                return Admission("", reason)
        return Admission(text_of(typed))


def compile_definition(definition: ParameterDefinition) -> ParameterRule:
    """Make a definition ready. What is broken in it is left out and named in `problems`."""
    problems: list[str] = []
    kind = definition.parameter_type
    tests = _tests(kind, definition.validation_rules, problems)
    rule = ParameterRule(
        key=definition.parameter_key,
        type=kind,
        required=definition.is_required,
        default=None,
        default_text=None,
        default_broken=False,
        tests=tests,
        problems=tuple(problems),
    )
    return rule if definition.default_value is None else _with_default(rule, definition.default_value)


def text_of(value: Json) -> str:
    """Return a value as `custom_parameter_values.parameter_value` holds it.

    Strings as they are, `true` and `false`, numbers in plain decimal digits without exponent or trailing zeros,
    arrays and objects as JSON with sorted keys.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _plain(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def is_too_long(value: Json) -> bool:
    """Tell whether a value's text is over MAX_TEXT_BYTES in UTF-8, in our rendering or in PostgreSQL's.

    PostgreSQL writes a jsonb number without exponent and puts a space behind each comma and colon, so that
    `custom_params->>'page_type'` of an array can be far longer than the JSON that was sent.
    """
    if isinstance(value, str):
        length = len(value)
        return length * _UTF8_BYTES_A_CHARACTER > MAX_TEXT_BYTES and len(value.encode()) > MAX_TEXT_BYTES
    if isinstance(value, list | dict):
        return _rendered_bytes(value) > MAX_TEXT_BYTES
    return False


def _plain(number: float) -> str:
    """Decimal digits without exponent: 1e22 is 10000000000000000000000, 12.50 is 12.5, -0.0 is 0."""
    text = format(Decimal(repr(number)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _rendered_bytes(value: Json) -> int:
    """Bytes of the value as PostgreSQL renders jsonb. Depth is at most MAX_DEPTH."""
    if isinstance(value, dict):
        inner = sum(len(orjson.dumps(key)) + 2 + _rendered_bytes(item) for key, item in value.items())
        return 2 + inner + 2 * max(0, len(value) - 1)
    if isinstance(value, list):
        return 2 + sum(map(_rendered_bytes, value)) + 2 * max(0, len(value) - 1)
    if isinstance(value, float):
        return len(format(Decimal(repr(value)), "f"))
    return len(orjson.dumps(value))


def _typed(kind: ParameterType, value: Json) -> Json:
    """Return the value as its type, or None where it is of another.

    A query string can only send text, so that for numbers and booleans their exact JSON form as a string counts
    too (`"12.5"`, `"true"`). Nothing else is coerced: no spaces, no `1` for true, no text for an array.
    """
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "number":
        return _number(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else _BOOLEANS.get(value) if isinstance(value, str) else None
    return value if isinstance(value, list if kind == "array" else dict) else None


def _number(value: Json) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or len(value) > _NUMBER_TEXT_MAX or not _JSON_NUMBER.fullmatch(value):
        return None
    try:
        number: int | float = orjson.loads(value)
    except ValueError:
        return None
    return None if isinstance(number, int) and abs(number) > MAX_INTEGER else number


def _with_default(rule: ParameterRule, default_value: str) -> ParameterRule:
    """Return the rule with its default, which must be a value that the rule itself admits."""
    default: Json = default_value
    if rule.type in ("array", "object"):
        try:
            default = None if nests_over(parsed := orjson.loads(default_value), MAX_DEPTH) else parsed
        except ValueError:
            default = None
    typed = None if default is None else _typed(rule.type, default)
    admission = Admission("", "type") if typed is None else rule.admit(typed)
    broken = admission.reason is not None
    problem = f"default_value is not admitted by the definition itself ({admission.reason})."
    return ParameterRule(
        key=rule.key,
        type=rule.type,
        required=rule.required,
        default=None if broken else typed,
        default_text=None if broken else admission.text,
        default_broken=broken,
        tests=rule.tests,
        problems=(*rule.problems, problem) if broken else rule.problems,
    )


def _tests(kind: ParameterType, rules: Json, problems: list[str]) -> tuple[tuple[RefusalReason, Test], ...]:
    if rules is None:
        return ()
    if not isinstance(rules, Mapping):
        problems.append("validation_rules is not an object.")
        return ()
    tests: list[tuple[RefusalReason, Test]] = []
    for name, make in _MAKERS:
        argument = rules.get(name)
        if argument is None:
            continue
        try:
            test = make(kind, argument)
        except (ValueError, TypeError) as error:
            problems.append(f"{name} {error}.")
        except RecursionError:
            problems.append(f"{name} is nested too deeply.")
        else:
            if test is not None:
                tests.append((name, test))
    return tuple(tests)


def _allowed_values(kind: ParameterType, allowed: Json) -> Test:
    if not isinstance(allowed, list):
        raise TypeError("is not a list")
    if kind == "string":
        strings = frozenset(item for item in allowed if isinstance(item, str))
        return lambda value: value in strings
    comparable = [_comparable(item) for item in allowed]
    return lambda value: _comparable(value) in comparable


def _comparable(value: Json) -> Json:
    """Return a form in which == is JSON's equality: Python alone takes True for 1, also inside lists."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return value


def _bound(argument: Json) -> int | float:
    if isinstance(argument, bool) or not isinstance(argument, int | float):
        raise TypeError("is not a number")
    return argument


def _min_value(kind: ParameterType, argument: Json) -> Test | None:
    bound = _bound(argument)
    return (lambda value: bool(value >= bound)) if kind == "number" else None


def _max_value(kind: ParameterType, argument: Json) -> Test | None:
    bound = _bound(argument)
    return (lambda value: bool(value <= bound)) if kind == "number" else None


def _max_length(kind: ParameterType, argument: Json) -> Test | None:
    if isinstance(argument, bool) or not isinstance(argument, int) or argument < 0:
        raise TypeError("is not a whole number from 0")
    return (lambda value: len(value) <= argument) if kind in ("string", "array") else None


def _pattern(kind: ParameterType, argument: Json) -> Test | None:
    if not isinstance(argument, str):
        raise TypeError("is not a string")
    if re2 is None:
        raise ValueError("cannot be checked, because google-re2 is not installed here")
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(argument, options).search
    except re2.error as error:
        raise ValueError("is not a regular expression that RE2 knows") from error
    return (lambda value: search(value) is not None) if kind == "string" else None


_MAKERS: tuple[tuple[RefusalReason, Callable[[ParameterType, Any], Test | None]], ...] = (
    ("allowed_values", _allowed_values),
    ("min_value", _min_value),
    ("max_value", _max_value),
    ("max_length", _max_length),
    ("pattern", _pattern),
)

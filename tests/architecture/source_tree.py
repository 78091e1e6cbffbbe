"""The project's own files, as the tests of its architecture read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("tracker", "tests", "bench", "deploy", "docs", "tools")


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file below these folders, and the front doors beside them; paths within the repository."""
    for folder in folders:
        yield from sorted((REPOSITORY / folder).rglob("*.py"))
    yield from sorted(REPOSITORY.glob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))

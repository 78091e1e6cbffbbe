"""The project's own files, as tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
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


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path), filename=name_of(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all that a file consists of, walked once: parsing and walking take longer than what is asked of it."""
    return tuple(ast.walk(tree_of(path)))


def functions_of(path: Path) -> list[ast.FunctionDef]:
    return [node for node in nodes_of(path) if isinstance(node, ast.FunctionDef)]


def texts_in(path: Path) -> list[tuple[int, str]]:
    """Return every literal text of a file and its line."""
    return [
        (node.lineno, node.value)
        for node in nodes_of(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def imports_in(module: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports below a node, wherever they stand; expressions are not looked into."""
    waiting = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        for block in ("body", "orelse", "handlers", "finalbody", "cases"):
            waiting += getattr(node, block, [])

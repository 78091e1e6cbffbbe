import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source_tree import (
    FOLDERS,
    REPOSITORY,
    functions_of,
    imports_in,
    name_of,
    python_files,
    text_of,
    tree_of,
)

LONGEST = 300
SAYS_NOTHING = {"utils", "util", "common", "helpers", "helper", "models", "core", "misc", "shared"}
FRONT_DOORS = {"wsgi.py": 40, "worker.py": 40, "scheduler.py": 40}


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {name_of(path): len(path.read_bytes().splitlines()) for path in python_files(*FOLDERS)}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_a_front_door_is_a_few_lines() -> None:
    lengths = {
        name: len(path.read_bytes().splitlines()) for name in FRONT_DOORS if (path := REPOSITORY / name).exists()
    }
    assert {name: length for name, length in lengths.items() if length > FRONT_DOORS[name]} == {}


def test_every_file_is_named_for_its_job() -> None:
    names = {name_of(path): {*path.relative_to(REPOSITORY).parts[:-1], path.stem} for path in python_files(*FOLDERS)}
    assert {name for name, parts in names.items() if parts & SAYS_NOTHING} == set()


def test_what_tests_share_lies_in_its_folder() -> None:
    """`from tests.support.waiting import ...`, not `from tests.waiting import ...`."""
    assert [path.name for path in (REPOSITORY / "tests").glob("*.py")] == ["conftest.py"]
    elsewhere = [
        f"{name_of(path)}:{node.lineno}: {module}"
        for path in python_files("tests", "bench")
        for node in imports_in(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        for module in ([node.module] if node.module != "tests" else [f"tests.{alias.name}" for alias in node.names])
        if module and module.startswith("tests.") and not _is_there(module)
    ]
    assert elsewhere == []


def _is_there(module: str) -> bool:
    path = REPOSITORY / module.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_no_module_reads_the_environment_when_it_is_imported() -> None:
    """Settings come from tracker.config, when a front door asks for them."""
    places = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("tracker")
        if name_of(path) != "tracker/config.py"
        for node in _run_at_import(tree_of(path))
        if _reads_environment(node)
    ]
    assert places == []


def _run_at_import(node: ast.AST) -> Iterator[ast.expr]:
    """Every expression outside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Subscript):
            yield from _run_at_import(child.value)  # Setting a variable is not reading one.
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from _run_at_import(child)


def _reads_environment(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import os\nX = os.environ['X']", True),
        ("import os\nclass C:\n    X = os.getenv('X')", True),
        ("import os\nos.environ['X'] = 'x'", False),
        ("import os\ndef f(): return os.environ['X']", False),
    ],
)
def test_reading_the_environment_is_recognised(source: str, reads: bool) -> None:  # noqa: FBT001 - a table's column
    assert any(_reads_environment(node) for node in _run_at_import(ast.parse(source))) is reads


def test_nothing_is_imported_inside_a_function_without_a_reason() -> None:
    places = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("tracker")
        for function in functions_of(path)
        for node in imports_in(function)
        if not _explained(path, node.lineno)
    ]
    assert places == []


def _explained(path: Path, line: int) -> bool:
    lines = text_of(path).splitlines()
    return "# " in lines[line - 1] or lines[line - 2].lstrip().startswith("#")

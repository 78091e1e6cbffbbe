"""A name means one thing in the whole project."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.source_tree import name_of, nodes_of, python_files, tree_of


def public_types(tree: ast.Module) -> Iterator[str]:
    """Classes, and aliases of types: what a module gives a name in capitals and small letters."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        if name[0].isupper() and not name.isupper():
            yield name


def test_a_public_type_has_a_name_of_its_own() -> None:
    places = defaultdict[str, list[str]](list)
    for path in python_files("tracker"):
        for name in public_types(tree_of(path)):
            places[name].append(name_of(path))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_the_names_of_types_are_found() -> None:
    tree = ast.parse("class Ab: ...\nBc = dict[str, int]\nDe: type = int\nLIMIT = 1\n_Own = int\nlower = 2\nT = 3")
    assert list(public_types(tree)) == ["Ab", "Bc", "De"]


def limits(path: Path) -> Iterator[str]:
    """The constants of a module that say how much there may be in another way than `MAX_` and `MIN_`."""
    for node in nodes_of(path):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper():
            words = node.id.strip("_").split("_")
            if words[0] in {"MOST", "LONGEST", "SHORTEST", "FEWEST", "WIDEST", "LARGEST"}:
                yield node.id


def test_a_limit_is_called_max_or_min() -> None:
    limits_of = {name_of(path): sorted(set(limits(path))) for path in python_files("tracker")}
    assert {name: constants for name, constants in limits_of.items() if constants} == {}


NOT_THE_THING = {"found", "each", "own"}
"""How one came by something, which says nothing about what it is."""


def bound_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node gives: to a variable, an argument, what a pattern or an import matches."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.alias(asname=str(name)):
            yield name


def test_a_variable_is_named_after_the_thing() -> None:
    assert [
        f"{name_of(path)}:{node.lineno} {name}"
        for path in python_files("tracker", "tests", "bench", "tools", "findings")
        for node in nodes_of(path)
        for name in bound_names(node)
        if name in NOT_THE_THING
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "def f(found): ...",
        "[0 for found in ()]",
        "lambda found: 0",
        "if (found := 1): ...",
        "import json as found",
        "with open('x') as found: ...",
        "match 1:\n    case found: ...",
        "try: ...\nexcept OSError as found: ...",
    ],
)
def test_a_name_that_says_nothing_is_recognised(source: str) -> None:
    assert [name for node in ast.walk(ast.parse(source)) for name in bound_names(node)] == ["found"]


NO_VERB = re.compile(
    r"(What|Whether|Who|Whom|Whose|Where|Which|How|When|Why|Whoever|Whatever|Until|The|A|An|All|Those|These|Each)\b"
)
"""With these a sentence begins that names a thing, or a clause that hangs on nothing."""


def titles(nodes: Iterable[ast.AST]) -> Iterator[ast.FunctionDef]:
    """The functions whose docstring begins as a title does, but for the help of commands."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and NO_VERB.match(ast.get_docstring(node) or ""):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not any(re.search("command|group", decorator) for decorator in decorators):
                yield node


def test_the_docstring_of_a_function_begins_with_a_verb() -> None:
    assert [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in python_files("tracker")
        for function in titles(nodes_of(path))
    ] == []


@pytest.mark.parametrize(
    ("docstring", "refused"),
    [("Whether it is so.", True), ("The number.", True), ("Return whether it is so.", False), ("Count them.", False)],
)
def test_a_title_is_recognised(docstring: str, refused: bool) -> None:  # noqa: FBT001 - a table's column
    assert bool(list(titles(ast.parse(f'def f():\n    """{docstring}"""').body))) is refused

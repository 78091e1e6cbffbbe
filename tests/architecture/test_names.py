"""A name means one thing in the whole project."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.source_tree import name_of, python_files, tree_of


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


def limits(tree: ast.Module) -> Iterator[str]:
    """The constants of a module that say how much there may be in another way than `MAX_` and `MIN_`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.isupper():
            words = node.id.strip("_").split("_")
            if words[0] in {"MOST", "LONGEST", "SHORTEST", "FEWEST", "WIDEST", "LARGEST"}:
                yield node.id


def test_a_limit_is_called_max_or_min() -> None:
    found = {name_of(path): sorted(set(limits(tree_of(path)))) for path in python_files("tracker")}
    assert {name: constants for name, constants in found.items() if constants} == {}

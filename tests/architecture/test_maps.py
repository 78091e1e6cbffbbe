"""The pages that say what lies where are true: the tree on docs/architecture.md, and the page of every package."""

import re
from pathlib import Path

import pytest

from tests.support.source_tree import REPOSITORY, name_of, tree_of

CODE = REPOSITORY / "tracker"
PACKAGES = sorted(path.parent for path in CODE.rglob("__init__.py") if path.parent != CODE)
DRAWN = (REPOSITORY / "docs/architecture.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^((?:[a-z_0-9]+, )*[a-z_0-9]+)(?:  +\S|$)", re.MULTILINE)
"""A line of a package's page: one or more modules, two blanks, what they are for."""
CHANGES = dict(
    re.findall(r"^\| ([a-z].*?) \| (.*) \|$", DRAWN.partition("\n## Where a change goes\n")[2], re.MULTILINE)
)
"""What somebody wants to change, and the page's answer where."""


def page_of(package: Path) -> str:
    page = tree_of(package / "__init__.py").body[0].value  # type: ignore[attr-defined] # a docstring, or the test fails
    return str(page.value)


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_the_page_of_a_package_names_its_modules_and_no_others(package: Path) -> None:
    page = page_of(package)
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    entries = {module for line in ENTRY.findall(page) for module in line.split(", ")}
    assert {module for module in modules if not re.search(rf"\b{module}\b", page)} == set()
    assert entries - modules == set()


def test_the_tree_on_the_page_of_the_architecture_is_the_tree_of_the_code() -> None:
    drawn = set(
        re.findall(r"(?<!\S)([a-z_]+(?:/|\.py))(?=\s)", DRAWN.partition("\ntracker/\n")[2].partition("\nsql/")[0])
    )
    packages = {f"{package.name}/" for package in PACKAGES}
    modules = {path.name for path in CODE.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert drawn == packages | modules


def test_what_the_page_of_the_architecture_names_is_there() -> None:
    named = set(re.findall(r"`((?:tracker|sql|tests|docs)/[a-z_/0-9.]+)`", DRAWN))
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


@pytest.mark.parametrize(
    "change",
    [
        "a field of a hit",
        "an event for webhooks",
        "a dimension of the reports",
        "a log format",
        "a setting of an installation",
    ],
)
def test_the_places_of_a_change_are_there(change: str) -> None:
    """A file without a folder lies beside the one that is named before it."""
    places: list[Path] = []
    for name in re.findall(r"`([a-z_/0-9]+\.[a-z]+)`", CHANGES[change]):
        places.append(REPOSITORY / name if "/" in name else places[-1].parent / name)
    assert places
    assert [name_of(place) for place in places if not place.is_file()] == []

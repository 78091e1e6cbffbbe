"""The files around the code agree with each other: make's targets, hooks, hosted CI, requirements."""

import re
import subprocess
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.source_tree import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text()
SUPPORTED = ("3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0")
DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]


def targets() -> set[str]:
    listed = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert listed
    return set(listed[1].split())


def requirements(name: str) -> set[str]:
    lines = (REPOSITORY / name).read_text().splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-"))}


def test_help_lists_every_target_in_one_column() -> None:
    # A make that was started by `make test` would say first which folder it enters.
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    lines = [re.fullmatch(r"  make (\S+) +(\S.*)", line) for line in shown.splitlines()]
    assert {line[1] for line in lines if line} == targets()
    assert len({line.start(2) for line in lines if line}) == 1
    assert all(lines)


def test_documents_name_only_targets_that_there_are() -> None:
    named = {
        (document, first or second)
        for document in DOCUMENTS
        for first, second in re.findall(r"`make ([a-z-]+)[ `]|^make ([a-z-]+) +#", document.read_text(), re.MULTILINE)
    }
    assert len(named) > 30
    assert [(document, target) for document, target in named if target not in targets()] == []


def test_hooks_before_a_commit_are_what_make_check_runs() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    commands = [line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in recipe[1].splitlines()]
    assert [hook["entry"] for hook in hooks] == commands


def test_hosted_ci_runs_what_ci_runs_here() -> None:
    path = REPOSITORY / ".github/workflows/ci.yml"
    assert {"run": ".ci/run"} in yaml.safe_load(path.read_text())["jobs"]["all"]["steps"]


def test_every_folder_of_tests_is_run_by_one_target_and_each_target_by_ci() -> None:
    suites = dict(re.findall(r"^(test[a-z-]*): env ##.*\n\t\$\(SUITE\) (.*)$", MAKEFILE, re.MULTILINE))
    run = sorted(folder for folders in suites.values() for folder in folders.split())
    with_tests = {path.relative_to(REPOSITORY).parts[1] for path in (REPOSITORY / "tests").rglob("test_*.py")}
    assert run == sorted(f"tests/{folder}" for folder in with_tests)
    in_all = re.search(r"^test-all: ([a-z -]+) ##", MAKEFILE, re.MULTILINE)
    in_ci = re.search(r"^for suite in ([a-z -]+); do$", (REPOSITORY / ".ci/run").read_text(), re.MULTILINE)
    assert in_all
    assert in_ci
    assert set(in_all[1].split()) == set(in_ci[1].split()) == set(suites)


def test_what_the_demo_needs_is_a_requirement_of_development() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(project["optional-dependencies"]["demo"]) <= requirements("requirements-dev.in")


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_requirement_is_pinned(name: str) -> None:
    pinned = {re.split(r"[=\s\[]", line)[0] for line in requirements(f"{name}.txt") if "==" in line}
    wanted = {re.split(r"[<>=\[;]", line)[0] for line in requirements(f"{name}.in")}
    assert wanted - pinned == set()


def test_the_lock_has_hashes_and_holds_for_every_python_that_is_supported() -> None:
    """Who installs with hashes gets an error for whatever is not pinned, also where another Python needs it."""
    locks = "".join((REPOSITORY / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    # Behind the version there may be for which Python it is.
    pin = r"^([a-z0-9.-]+)==[^\\\n]+ \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
    pins = re.findall(pin, locks, re.MULTILINE)
    pinned = {name for name, _ in pins}
    assert len(re.findall(r"^[a-z0-9.-]+==", locks, re.MULTILINE)) == len(pins)
    assert not re.search(r"https?://(?!pypi\.org)|--index|--find-links|--trusted-host", locks)
    for name in pinned:
        with suppress(PackageNotFoundError):  # One for another system or Python.
            for text in distribution(name).requires or []:
                wanted = Requirement(text)
                for version in SUPPORTED:
                    marks = {"python_full_version": version, "python_version": version.rpartition(".")[0], "extra": ""}
                    if wanted.marker is None or wanted.marker.evaluate({**default_environment(), **marks}):
                        assert canonicalize_name(wanted.name) in pinned, f"{name} needs it on Python {version}"

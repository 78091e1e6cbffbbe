"""Commands, options, variables and codes that documents name are there, and those that are there are documented."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import click

from tests.support.source_tree import REPOSITORY, name_of, nodes_of
from tracker.cli.main import main
from tracker.config import Settings

CODE = REPOSITORY / "tracker"
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
DEPLOYED = sorted(
    path for path in (REPOSITORY / "deploy").rglob("*") if path.is_file() and path.parent.name != "secrets"
)
READ = sorted(
    {*PAGES, *DEPLOYED, REPOSITORY / "docker-compose.yml", *CODE.rglob("*.py")} - {REPOSITORY / "CHANGELOG.md"}
)
CALL = re.compile(r"(?:python -m tracker|bin/tracker|run --rm tracker|`tracker) +([a-z][^\n`|#;&<)\"']*)")
SPAN = re.compile(r"`([a-z]+(?: [a-z-]+)*(?: [^`\n]*)?)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def _walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (member := command.get_command(context, name)) is not None:
                yield from _walk(member, (*path, name))


@cache
def _commands() -> dict[tuple[str, ...], click.Command]:
    """Every command and group by its words; to find them loads them all."""
    return dict(_walk(main))


@cache
def _groups() -> set[tuple[str, ...]]:
    return {path for path, command in _commands().items() if isinstance(command, click.Group)}


def _wrong(words: str) -> str | None:
    """Return what is wrong with a call of the command line, as far as it is written out."""
    path: tuple[str, ...] = ()
    following = ""
    for following in (*words.split(), ""):
        if (*path, following) not in _commands():
            break
        path = (*path, following)
    if not path or (path in _groups() and re.fullmatch(r"[a-z][a-z-]*", following)):
        return f"there is no command {words!r}"
    known = {
        option for parameter in _commands()[path].params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    known |= {"--help", "--version"}
    # A command may be named by its group alone, with an option of one of its commands.
    unknown = [] if path in _groups() else sorted(set(OPTION.findall(words)) - known)
    return f"`{' '.join(path)}` takes no {', '.join(unknown)}" if unknown else None


def _calls(file: Path) -> Iterator[str]:
    """Yield the command lines that a file names; in documents also by their words alone, as `queue failed`."""
    text = re.sub(r" *\\\n *", " ", file.read_text(encoding="utf-8"))
    yield from CALL.findall(text)
    if file.suffix == ".md":
        tops = {path[0] for path in _commands() if path}
        yield from (span for span in SPAN.findall(text) if span.partition(" ")[0] in tops and " " in span)


def test_commands_that_are_named_are_there_with_their_options() -> None:
    called = [(name_of(file), words) for file in READ for words in _calls(file)]
    assert len(called) > 300, "they are not found any more"
    assert [f"{file}: {wrong}" for file, words in called if (wrong := _wrong(words))] == []


def test_every_command_stands_in_the_table_of_commands() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (REPOSITORY / "docs/commands.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {span.partition(" --")[0] for row in rows for span in re.findall(r"`([^`]+)`", row)}
    assert {" ".join(path) for path, command in _commands().items() if path and path not in _groups()} - named == set()


def test_the_line_of_a_group_in_the_help_names_its_commands() -> None:
    members = [path for path in _commands() if len(path) == 2]
    assert len(members) > 40
    assert [path for path in members if not re.search(rf"\b{path[1]}\b", main._table[path[0]][1])] == []


def test_variables_that_documents_name_are_settings_or_those_of_compose() -> None:
    settings = {f"TRACKER_{field.name.upper()}" for field in fields(Settings)}
    shell = "".join(file.read_text(encoding="utf-8") for file in (*DEPLOYED, REPOSITORY / "docker-compose.yml"))
    known = settings | {f"{name}_FILE" for name in settings}
    known |= set(re.findall(r"\$\{?(TRACKER_[A-Z_]+)", shell))
    named = {
        (name_of(page), variable)
        for page in PAGES
        for variable in re.findall(r"\bTRACKER_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    }
    assert {(page, variable) for page, variable in named if variable not in known and page != "CHANGELOG.md"} == set()


def _codes() -> Iterator[str]:
    """The codes of refusals over HTTP; those of pages for people are not for programs."""
    for file in CODE.rglob("*.py"):
        if file.parent.name == "dashboard":
            continue
        for call in (node for node in nodes_of(file) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name in ("Refused", "_refuse", "_Refused", "__init__"):
                texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                yield from (text for text in texts if re.fullmatch(r"[A-Z_]{6,}", text))


def test_every_code_of_a_refusal_is_documented_and_no_other() -> None:
    tables = "".join(
        (REPOSITORY / page).read_text(encoding="utf-8") for page in ("docs/api.md", "docs/http-tracking.md")
    )
    rows = re.findall(r"^\| (?:[0-9, ]+\| )?(`[A-Z_]{6,}`[^|]*)\|", tables, re.MULTILINE)
    documented = {code for row in rows for code in re.findall(r"`([A-Z_]{6,})`", row)}
    assert documented ^ set(_codes()) == set()

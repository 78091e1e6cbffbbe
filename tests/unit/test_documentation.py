"""What the documents say is held against the code: tables that drift and links that lead nowhere fail here."""

import ast
import re
from pathlib import Path

import pytest

from tracker import config
from tracker.application_settings import SETTINGS, STRIPPED_QUERY_PARAMETERS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def settings_table() -> str:
    """The table of docs/operations.md, made of the docstrings of `tracker.config.Settings`."""
    classes = [node for node in ast.parse(Path(config.__file__).read_text()).body if isinstance(node, ast.ClassDef)]
    (settings,) = (node for node in classes if node.name == "Settings")
    rows = ["| variable | meaning |", "|---|---|"]
    for node in settings.body[1:]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            name, _, meaning = " ".join(str(node.value.value).split()).partition(": ")
            rows.append(f"| `{name}` | {meaning} |")
    return "\n".join(rows)


def test_the_settings_table_says_what_the_settings_module_says() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    between = re.search(r"<!-- settings -->\n(.*?)\n<!-- end of settings -->", text, re.DOTALL)
    assert between, "docs/operations.md has lost the marks around its settings table"
    assert between[1] == settings_table(), f"replace the table in docs/operations.md by:\n\n{settings_table()}\n"


def test_every_setting_of_the_environment_has_its_sentence() -> None:
    source = Path(config.__file__).read_text()
    kinds = "url|text|whole|choice|name_in|folder_path|folder_or_bucket|file_path|networks|proxies|ports|endpoint"
    read = set(re.findall(rf'\b(?:{kinds})\(env, "([A-Z_]+)"', source))
    assert read == set(re.findall(r"\| `([A-Z_]+)` \|", settings_table()))


def test_the_privacy_page_names_every_setting_of_it_and_every_parameter_that_is_stripped() -> None:
    text = (ROOT / "docs/privacy.md").read_text()
    others = {"custom_params_mode", "import_page_views", "session_timeout_minutes"}
    others |= {"address_share_percent", "key_reserve_percent", "daily_megabytes", "dialects", "aliases"}
    others |= {"timezone", "week_start", "page_query_parameters"}
    assert [key for key in SETTINGS.keys() - others if f"`{key}`" not in text] == []
    listed = re.search(r"The default list: (.*?)\.\n\n", text, re.DOTALL)
    assert listed
    assert set(re.findall(r"`([^`]+)`", listed[1])) == set(STRIPPED_QUERY_PARAMETERS.default)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    inside = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in inside if not (document.parent / target).exists()] == []


def test_every_decision_stands_in_the_index_under_its_own_title() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1)), "without gaps, each once"
    for record in records:
        number, title = record.read_text().splitlines()[0].removeprefix("# ").split(". ", 1)
        assert record.name.startswith(number), f"{record.name} calls itself {number}"
        assert f"[{number}]({record.name}) {title}" in index, f"the index misses: - [{number}]({record.name}) {title}"
    assert len({record.name[:4] for record in records}) == len(records), "two records have the same number"

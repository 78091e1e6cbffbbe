"""What the documents say is held against the code: tables that drift and links that lead nowhere fail here."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from os.path import normpath
from pathlib import Path

import pytest

from tracker import config, schedule
from tracker.application import PERMISSIONS
from tracker.application_settings import SETTINGS, STRIPPED_QUERY_PARAMETERS
from tracker.diagnostics.redis_checks import OLDEST
from tracker.importing.formats import NAMES
from tracker.outbox import event_types
from tracker.setting_types import WholeNumber
from tracker.store.server_facts import OLDEST_MAJOR
from tracker.webhooks.retry_policy import RETRIES

ROOT = Path(__file__).parents[2]
NOTHING_OF_A_PERSON = {
    *("annotations", "api_keys", "application_settings", "applications", "archived_days", "archived_hits"),
    *("archived_months", "batch_jobs", "custom_parameter_definitions", "custom_parameter_refusals"),
    *("deletion_refusals", "facts_files", "facts_folder", "facts_marks", "funnels", "goals", "import_runs"),
    *("imported_filtered", "imports", "instance", "leases", "ledger", "ledger_changes", "ledger_epochs"),
    *("ledger_totals", "operator_limits", "processes", "retention_state", "segments", "shares", "statistics_periods"),
    *("statistics_removals", "webhook_attempts", "webhooks", "weekly_reports"),
}
"""Tables with settings, counts, checksums and the product's own bookkeeping."""
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def demand_table(document: str, mark: str, table: str) -> None:
    """Assert that a document has this table between `<!-- mark -->` and `<!-- end of mark -->`."""
    text = (ROOT / document).read_text()
    between = re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- end of {mark} -->", text, re.DOTALL)
    assert between, f"{document} has lost the marks around its table of {mark}"
    assert between[1] == table, f"replace the table in {document} by:\n\n{table}\n"


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
    demand_table("docs/operations.md", "settings", settings_table())


def application_settings_table() -> str:
    """The table of docs/commands.md, made of `tracker.application_settings`."""
    rows = ["| setting | takes | default | meaning |", "|---|---|---|---|"]
    for setting in SETTINGS.values():
        long = len(setting.default_text) > 60
        default = "[a list](privacy.md#the-settings)" if long else f"`{setting.default_text}`"
        rows.append(f"| `{setting.key}` | {setting.accepted} | {default.replace('``', 'none')} | {setting.meaning} |")
    return "\n".join(rows)


def test_the_table_of_an_applications_settings_says_what_their_module_says() -> None:
    demand_table("docs/commands.md", "application settings", application_settings_table())


def test_the_sentence_of_a_number_has_its_default_and_no_other_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    numbers: dict[str, tuple[int, int, int]] = {}

    def note(_env: object, name: str, default: int, *, low: int, high: int) -> int:
        numbers[name] = default, low, high
        return default

    monkeypatch.setattr(config, "whole", note)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/nothing")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    config.load()
    assert numbers
    sentences = dict(re.findall(r"\| `([A-Z_]+)` \| (.*) \|", settings_table()))
    for name, (default, low, high) in numbers.items():
        sentence = sentences[name].replace(",", "")
        assert re.search(rf"default {default}\b", sentence), f"{name}: its default is {default}"
        bounds = re.findall(r"\((\d+) to (\d+) ", sentence)
        assert bounds in ([], [(str(low), str(high))]), f"{name}: it takes {low} to {high}"


def test_the_table_of_the_schedulers_jobs_says_what_the_schedule_says() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    documented = re.findall(r"^\| ([\w ]+) \| .* \| (\d+) (s|min) \|$", text, re.MULTILINE)
    calls = [node for node in ast.walk(ast.parse(Path(schedule.__file__).read_text())) if isinstance(node, ast.Call)]
    jobs = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        for call in calls
        if getattr(call.func, "id", "") == "Job"
    ]
    units = {"s": "_SECOND", "min": "_MINUTE"}
    assert [(repr(name), f"{every} * {units[unit]}") for name, every, unit in documented] == [
        (job["name"], job["every"]) for job in jobs
    ]


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


def test_the_oldest_servers_that_are_served_are_said() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    assert f"PostgreSQL {OLDEST_MAJOR} or newer" in text
    assert f"Redis {'.'.join(map(str, OLDEST))} or newer" in text


def test_every_table_is_on_the_page_of_privacy_or_holds_nothing_of_a_person() -> None:
    made = set(re.findall(r"^CREATE TABLE ([a-z_]+) \(", (ROOT / "sql/schema.sql").read_text(), re.MULTILINE))
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", (ROOT / "docs/privacy.md").read_text()))))
    assert made >= NOTHING_OF_A_PERSON
    assert made - named - NOTHING_OF_A_PERSON == set(), "say in docs/privacy.md what they hold of people, or here"


def first_cells(page: str, heading: str) -> list[str]:
    """What stands in code in the first cells of the first table below a heading, but for the table's own head."""
    below = (ROOT / page).read_text().partition(f"\n{heading}\n")[2]
    assert below, f"{page} has lost its heading {heading}"
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert table
    return [name for row in table[1].splitlines() for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def test_the_table_of_permissions_is_that_of_the_code() -> None:
    assert first_cells("docs/api.md", "## Who may do what") == list(PERMISSIONS)


def test_the_settings_that_a_key_cannot_raise_are_named() -> None:
    sentence = re.search(r"settings ([^.]*?)\. The operator is", (ROOT / "docs/api.md").read_text())
    assert sentence
    limiting = {key for key, setting in SETTINGS.items() if isinstance(setting, WholeNumber) and setting.limits}
    assert set(re.findall(r"`(\w+)`", sentence[1])) == limiting


def test_the_table_of_events_has_every_event() -> None:
    documented = set(first_cells("docs/webhooks.md", "### Events"))
    assert documented == {*event_types.NAMES, f"{event_types.HIT_PREFIX}<event_name>", event_types.WEBHOOK_TEST}


def test_the_retries_of_webhooks_are_those_of_the_code() -> None:
    units = {3600: "h", 60: "min", 1: "s"}
    seconds = [int(delay.total_seconds()) for delay in RETRIES]
    delays = [next(f"{delay // unit} {name}" for unit, name in units.items() if not delay % unit) for delay in seconds]
    assert f"tried again after {', '.join(delays)}, " in (ROOT / "docs/webhooks.md").read_text()


def test_the_options_of_the_beacon_are_those_of_its_script() -> None:
    script = (ROOT / "tracker/beacon/tracker.js").read_text()
    assert set(first_cells("docs/beacon.md", "## Options")) == set(re.findall(r"\bsettings\.(\w+)", script))


def test_every_format_of_logs_is_on_their_page() -> None:
    text = (ROOT / "docs/formats.md").read_text()
    described = "`--format` (also with `-common`, `-vhost`)"
    assert described in text
    names = {re.sub(r"-(common|vhost)$", "", name) for name in NAMES}
    assert {name for name in names if f"`{name}`" not in text} == set()


def links(pattern: str) -> Iterator[tuple[Path, str]]:
    """Yield the links of all documents that fit a pattern, each with the document that it stands in."""
    for document in DOCUMENTS:
        prose = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(), flags=re.DOTALL)
        yield from ((document, link) for link in re.findall(pattern, prose))


def test_every_link_within_the_project_leads_somewhere() -> None:
    targets = [(document, link.split("#")[0]) for document, link in links(r"\]\(([^)\s]+)\)")]
    inside = [(document, target) for document, target in targets if target and not re.match(r"[a-z]+:", target)]
    assert len(inside) > len(DOCUMENTS)
    assert [(document, target) for document, target in inside if not (document.parent / target).exists()] == []


@cache
def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them: small, without punctuation, dashes for blanks."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\]\(.*?\)", "", title)).strip().lower().replace(" ", "-") for title in titles
    }


def test_every_link_to_a_heading_leads_to_one() -> None:
    named = []
    for document, link in links(r"\]\(([^)\s:]*#[^)\s]+)\)"):
        page, anchor = link.split("#")
        named.append((document, Path(normpath(document.parent / page)) if page else document, anchor))
    assert len(named) > 100
    assert [link for link in named if link[1].suffix == ".md" and link[2] not in headings(link[1])] == []


def test_the_index_of_the_documents_has_each_of_them() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"| [{page}]({page}) |" not in index} == set()


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

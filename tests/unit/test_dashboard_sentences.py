"""Sentences that come from elsewhere in the product, as pages of either language show them."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from tests.support.source_tree import REPOSITORY, functions_of, name_of, nodes_of, python_files, text_of
from tracker import application_settings
from tracker.dashboard.formats import NOTHING, Days
from tracker.dashboard.ranges import range_of
from tracker.dashboard.sentences import _FILE, _translated, shown
from tracker.dashboard.wording import LANGUAGES, Words, _texts
from tracker.encryption import SecretBox
from tracker.errors import Refused, SettingsInvalid
from tracker.facts import bucket
from tracker.setting_types import Choice, Setting, Switch
from tracker.ssrf_guard import addresses
from tracker.store.partition_strays import misfit
from tracker.store.partitions import Month

NOW = datetime(2028, 2, 29, 13, 5, tzinfo=UTC)


def test_code_is_shown_as_code_and_hostile_text_as_text() -> None:
    assert shown("Run `rq resume` <now>.", "en") == Markup("Run <code>rq resume</code> &lt;now&gt;.")
    assert shown("No `translation` of <this>", "ja") == Markup(
        '<span lang="en">No <code>translation</code> of &lt;this&gt;</span>'
    )
    assert shown("There is no application <b>`x` of the hit's id any more.", "ja") == Markup(
        "ヒットのIDに対応するアプリケーション&lt;b&gt;<code>x</code>はもうありません。"
    )
    assert shown("", "ja") == ""


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("It answered 410: it wants no more deliveries.", "410が返されました。これ以上の配信を望んでいません。"),
        (
            "Nothing has succeeded since 2026-11-01 10:00 UTC, in 24 attempts.",
            "2026-11-01 10:00（UTC）以降、24回の試行がすべて失敗しました。",
        ),
        (
            "PostgreSQL refused: value {x} too long (SQLSTATE 22001). It was tried alone 4 times.",
            "PostgreSQLが拒否しました：value {x} too long (SQLSTATE 22001)単独で4回試しました。",
        ),
        (
            "tracking_data does not read as a hit: url is missing.",
            "tracking_dataをヒットとして読めません：urlがありません。",
        ),
    ],
)
def test_a_sentence_of_the_product_is_japanese_on_a_japanese_page(english: str, japanese: str) -> None:
    assert shown(english, "ja") == Markup(japanese)
    assert shown(english, "en") == Markup(english)


def test_every_translation_is_of_a_sentence_that_the_product_still_says() -> None:
    """Each fixed part of it stands somewhere in the source."""
    literals = "\0".join(text for path in python_files("tracker") for text in texts_of(path))
    for english in json.loads(_FILE.read_text(encoding="utf-8")):
        for part in re.split(r"\{\w+\}|[:,`\"]", english.removesuffix(".")):
            assert part.strip() in literals, english
        assert _translated(english) is not None, english


def texts_of(path: Path) -> list[str]:
    """The texts of a module, each f-string as one with its places left out, implicit concatenation put together."""
    texts = []
    for node in nodes_of(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "" for part in node.values)
            texts.append("".join(str(part) for part in parts))
    return texts


REFUSING = (
    *(f"tracker/management/{name}.py" for name in ("annotations", "application_input", "applications", "failed_hits")),
    *(f"tracker/management/{name}.py" for name in ("goals", "keys", "members", "names", "segments", "settings")),
    *(f"tracker/management/{name}.py" for name in ("shares", "webhook_deliveries", "webhook_rules", "webhooks")),
    *(f"tracker/ssrf_guard/{name}.py" for name in ("addresses", "resolver", "urls")),
    *(
        name_of(path)
        for path in python_files("tracker/dashboard")
        if re.search(r"\b(invalid|conflict)\(", text_of(path))
    ),
    "tracker/reading/period.py",
)
"""Where what is said to somebody who has sent a form, or has written an address, comes from."""
NAMED_IN_FULL = {
    "tracker/management": {"conflict", "invalid", "not_found"},
    "tracker/dashboard": {"conflict", "invalid"},
    "tracker/reading": {"invalid"},
    "tracker/ssrf_guard": {"DestinationRefused"},
}
"""What makes an answer whose sentence is shown: what a page has not at all is told in its own words."""


@pytest.mark.parametrize("name", REFUSING)
def test_what_a_form_or_an_address_is_refused_for_is_japanese_on_a_japanese_page(name: str) -> None:
    makers = NAMED_IN_FULL[name.rpartition("/")[0]]
    path = REPOSITORY / name
    said = []
    for function in functions_of(path):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in makers and node.args:
                said += _written(node.args[0], _reasons(function, before=node.lineno))
    assert said
    untold = [text for text in said if not _is_a_frame(text) and _translated(text) is None]
    assert [text for text in untold if text not in NOT_SHOWN] == []


def _reasons(function: ast.FunctionDef, *, before: int) -> dict[str, list[str]]:
    """The texts that names have in a line of a function."""
    reasons: dict[str, list[str]] = {}
    given = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and node.lineno < before]
    for node in sorted(given, key=lambda node: node.lineno):
        if isinstance(node.targets[0], ast.Name):
            reasons[node.targets[0].id] = _written(node.value, reasons)
    return reasons


def _written(node: ast.expr, reasons: Mapping[str, Sequence[str]]) -> list[str]:
    """The texts that an expression may be: what it has places for is `x`, unless that has a text itself."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(id=name):
            return list(reasons.get(name, []))
        case ast.IfExp(body=body, orelse=orelse):
            return _written(body, reasons) + _written(orelse, reasons)
        case ast.JoinedStr(values=parts):
            texts = [""]
            for part in parts:
                value = part.value if isinstance(part, ast.FormattedValue) else part
                more = _written(value, reasons) or ["x"]
                texts = [text + end for text in texts for end in more]
            return texts
    return []


def _is_a_frame(text: str) -> bool:
    """Whether a sentence is one that quotes another, which is looked at where it is said."""
    return text.endswith((": x", ": xx"))


SAYING = (
    *(f"tracker/webhooks/{name}.py" for name in ("attempt", "error_messages", "http_client", "recording", "response")),
    *("tracker/webhooks/retry_policy.py", "tracker/encryption.py", "tracker/ingest/check.py"),
    *(f"tracker/queueing/{name}.py" for name in ("failures", "producer")),
    *(f"tracker/facts/{name}.py" for name in ("bucket", "bucket_folder", "engine", "folder")),
    *(f"tracker/reports/{name}.py" for name in ("file_checks", "gathered", "passing_files", "readers")),
    *(f"tracker/store/{name}.py" for name in ("database", "failures", "partition_making", "partition_strays")),
    *("tracker/instance/check.py", "tracker/diagnostics/settings_checks.py"),
)
"""Where what operators and owners of webhooks are told comes from: why something failed, and what to do."""
NOT_SHOWN = {
    "The connection ended before a whole status line.",  # Of an error that is told in words of its own.
    "The bucket x x.",  # Looked at below, as are these two.
    "x has no partition for x, and none could be made: x. Where a table x stands alone and does not fit, rename it: x.",
    "x holds rows of x, so that x cannot have that month: move them, x.",
    "The application has no such x.",  # Which is said of each kind where there is no such thing.
    "Give the scheduler, and the receivers, the key that they were made with.",  # For `doctor` alone.
}


@pytest.mark.parametrize("name", SAYING)
def test_why_something_failed_is_japanese_on_a_japanese_page(name: str) -> None:
    path = REPOSITORY / name
    quoted = {id(inner) for node in nodes_of(path) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    explained = {id(node.value) for node in nodes_of(path) if isinstance(node, ast.Expr)}
    said = {
        text
        for node in nodes_of(path)
        if isinstance(node, ast.JoinedStr | ast.Constant)
        and id(node) not in explained
        and (isinstance(node, ast.JoinedStr) or id(node) not in quoted)
        for text in _written(node, {})
        if re.fullmatch(r"[A-Zx].* .*\.( x)?", text, re.DOTALL)
    }
    assert said
    assert sorted(text for text in said - NOT_SHOWN if _translated(text) is None) == []


def test_sentences_that_are_put_together_are_japanese_on_a_japanese_page() -> None:
    name = "The name is not accepted: It needs 1 to 255 characters, none of them a control character."
    domain = "It needs a host name such as shop.example.com, without https:// and without a path."
    said = [
        *(f"The bucket s3://facts {why}." for why in (bucket._NO_ACCESS, bucket._NO_ANSWER, bucket._NOT_THERE)),
        misfit("access_logs", Month(2026, 1), "it overlaps (SQLSTATE 42P17)"),
        f"{name} The domain is not accepted: {domain}",
        *_seen(REPOSITORY / "tracker/diagnostics/settings_checks.py"),
    ]
    assert [text for text in said if _translated(text) is None] == []
    with pytest.raises(SettingsInvalid) as refused:
        SecretBox(None).encrypt("x")
    assert (_translated(str(refused.value)) or "").startswith("TRACKER_SECRET_KEYが設定されていません。")


def _seen(path: Path) -> list[str]:
    """What checks that the page of the installation shows have seen."""
    return [
        text
        for function in functions_of(path)
        if function.name != "about_secret_key"
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "seen"
        for text in _written(node.value, {})
    ]


@pytest.mark.parametrize("setting", application_settings.SETTINGS.values(), ids=lambda setting: setting.key)
def test_what_a_setting_takes_is_said_in_japanese(setting: Setting[Any]) -> None:
    if isinstance(setting, (Choice, Switch)):
        return  # Chosen from a list: nothing else can be sent by the page.
    refused = _translated(f"{setting.key} does not take 'x': it takes {setting.accepted}.")
    assert refused is not None
    assert setting.accepted not in refused


def test_where_a_webhook_leads_is_said_in_japanese() -> None:
    for kind, _ in (*addresses._NEVER, *addresses._DISGUISES, *addresses._PRIVATE, ("an ISATAP address", ())):
        told = _translated(f"The URL is not accepted: It leads to {kind}, which webhooks never reach.")
        assert told is not None
        assert kind not in told
        assert "It leads" not in told


def test_every_kind_of_work_has_words_in_both_languages() -> None:
    named = {
        node.value.value
        for path in python_files("tracker")
        if "JOB_TYPE" in text_of(path)
        for node in nodes_of(path)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "JOB_TYPE" for target in node.targets)
        and isinstance(node.value, ast.Constant)
    }
    scheduled = {
        keyword.value.value
        for node in nodes_of(REPOSITORY / "tracker/schedule.py")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Job"
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }
    assert len(named) >= 11
    assert len(scheduled) >= 14
    for language in LANGUAGES:
        assert {f"job.{name}" for name in {*named, *scheduled, "filtered_hits"}} <= set(_texts(language))


def test_days_and_times_are_written_as_the_language_writes_them() -> None:
    english, japanese = Days(Words("en")), Days(Words("ja"))
    assert (english.moment(NOW), japanese.moment(NOW)) == ("Feb 29, 2028, 13:05 UTC", "2028年2月29日 13:05 UTC")
    assert english.moment(None) == japanese.moment(None) == NOTHING
    assert (english.month(Month(2028, 2).start), japanese.month(Month(2028, 2).start)) == ("Feb 2028", "2028年2月")
    assert (english.written(NOW), japanese.written(NOW)) == ("2028-02-29", "2028/02/29")


@pytest.mark.parametrize("written", ["2028-01-05", "2028/01/05", "2028/1/5", " 2028年1月5日 ", "2028.1.5", "20280105"])
def test_a_day_is_read_as_people_of_either_language_write_it(written: str) -> None:
    assert range_of({"from": written, "to": "2028-02-01"}, NOW).period.first == date(2028, 1, 5)


@pytest.mark.parametrize("written", ["2028111", "2028/13/01", "5.1.2028", "2028--1-5", "yesterday", "\u0662\u0660-1-5"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        range_of({"from": written, "to": "2028-02-01"}, NOW)


def test_a_sentence_names_a_column_and_a_setting_as_the_page_does() -> None:
    changed = shown("rate_limit_per_minute was changed in the meantime, to '5'.", "ja")
    assert changed.startswith("「1分あたりのヒットの上限」はその間に")
    assert shown("bot_filter does not take x: it takes a number.", "ja").find("「ボット」") >= 0
    assert "「page.contains」" not in shown("page.contains: There is no such value.", "ja")

"""The audit log in the browser: an application's for its owners, everybody's for the operator; chosen and paged."""

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tracker
from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing
from tests.support.raw_hits import execute
from tests.support.registered_webhooks import register
from tracker.application import Application, ParameterDefinition
from tracker.dashboard.changes_page import ACTIONS
from tracker.dashboard.wording import LANGUAGES, Words
from tracker.errors import Refused
from tracker.management import applications, audit, goals, keys, members, settings, webhooks
from tracker.management.audit import ADMIN, Actor
from tracker.store.database import Database

OWN = "/dashboard/applications/shop/changes"
ALL = "/dashboard/operations/changes"
HOSTILE = "<script>alert(1)</script>"
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def rows_of(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0].replace("<wbr>", "")
    return [
        re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", row))).strip()
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def test_an_owner_reads_who_changed_what_of_their_application_and_of_no_other(
    owner: Browsing, operator: Browsing, database: Database, application: Application
) -> None:
    applications.create(database, name="Other secret", app_id="other", by=ADMIN)
    applications.update(database, "shop", {"name": HOSTILE, "description": "x" * 300}, by=ADMIN)
    made, api_key = keys.create(database, "shop", permissions=["stats:read"], name=f"Hanako {HOSTILE}", by=Actor("key"))
    settings.change(database, "shop", {"bot_filter": "keep"}, by=Actor("key", made.id))
    page = owner.get(OWN)
    changed, created, renamed, *_ = rows_of(page.text)
    assert f"Key “Hanako {HOSTILE}” Setting changed Bots" in changed
    assert changed.endswith("→ keep")
    assert "First key Key created" in created
    assert (f"→ {HOSTILE}" in renamed, "Operator Application changed" in renamed) == (True, True)
    assert "x" * 200 + "…" in renamed
    assert (HOSTILE in page.text, api_key in page.text, "Other secret" in page.text) == (False, False, False)
    of_all = operator.get(ALL)
    assert ("Other secret" in of_all.text, 'href="/dashboard/applications/other"' in of_all.text) == (True, True)
    assert HOSTILE not in of_all.text
    owner.language = "ja"
    assert "最初のキー" in text_of(owner.get(OWN)) or "キーを作成" in text_of(owner.get(OWN))


def test_changes_are_chosen_by_action_and_days_and_come_a_page_after_the_other(
    owner: Browsing, database: Database, application: Application
) -> None:
    execute(database, "DELETE FROM audit_log")
    execute(
        database,
        "INSERT INTO audit_log (at, actor_kind, application_id, action, subject) "
        "SELECT '2026-01-01T12:00Z'::timestamptz + n / 2 * interval '1 day', 'command', %s, 'share.created', 's' || n "
        "FROM generate_series(0, 119) AS n",
        application.id,
    )
    settings.change(database, "shop", {"bot_filter": "keep"})
    subjects: list[str] = []
    address: str | None = ""
    while address is not None:
        page = owner.get(f"{OWN}{html.unescape(address)}").text
        subjects += [subject for row in rows_of(page) for subject in re.findall(r"Share link created (s\d+)", row)]
        address = next(iter(re.findall(r'href="(\?[^"]*at=[^"]*)">Next page', page)), None)
    assert subjects == [f"s{number}" for number in reversed(range(120))]
    chosen = owner.get(f"{OWN}?action=setting.changed")
    assert (len(rows_of(chosen.text)), 'value="setting.changed" selected' in chosen.text) == (1, True)
    day = owner.get(f"{OWN}?from=2026-01-03&to=2026-01-03").text
    assert [row.rpartition(" ")[2] for row in rows_of(day)] == ["s5", "s4"]
    assert 'value="2026-01-03"' in day or "2026/01/03" in day
    assert "There is no such change." in owner.get(f"{OWN}?to=2025-12-31").text
    assert owner.get(f"{OWN}?to=9999-12-31").status_code == 200
    assert owner.get(f"{OWN}?at=2026-01-01T00:00:00%2B20:00&id=1").status_code == 200, "an offset beyond PostgreSQL's"
    first_day = "?at=0001-01-01T00:00:00%2B20:00&id=1"
    for odd in (
        "?from=yesterday",
        "?at=2026-01-01&id=1",
        first_day,
        "?at=nothing",
        f"?at={datetime.now(UTC):%FT%TZ}&id=-1",
    ):
        assert owner.get(f"{OWN}{odd}").status_code == 400, odd


def test_of_a_webhook_s_url_nothing_is_shown_that_may_be_a_key(
    owner: Browsing, database: Database, application: Application
) -> None:
    """Versions before kept its path as it was."""
    url = "https://chat.example/services/T0123/abcdEFGH0123456789ijkl?token=of-the-query"
    execute(
        database,
        "INSERT INTO audit_log (actor_kind, application_id, action, subject, after) "
        "VALUES ('command', %s, 'webhook.created', 'one', jsonb_build_object('url', %s::text))",
        *(application.id, url),
    )
    assert "https://chat.example/services/T0123/abcd…" in rows_of(owner.get(OWN).text)[0]
    [row, *_] = audit.list_(database, application_id=application.id)
    assert row["after"] == {"url": "https://chat.example/services/T0123/abcd…"}


def test_changes_are_told_in_words_and_things_by_their_names(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    applications.create(database, name="Stranger", app_id="stranger")
    hidden, _ = keys.create(database, "stranger", permissions=["track"], name="Hidden key")
    now = datetime.now(UTC)
    _, token = members.invite(database, "shop", name="Hanako", role="editor", now=now)
    members.join(database, token, now)
    old, _ = keys.create(database, "shop", permissions=["stats:read"], name="Reports")
    new, _ = keys.rotate(database, "shop", str(old.id), grace_seconds=3600)
    goal = goals.create_goal(database, "shop", name="Order", step="page:/thanks")
    goals.change_goal(database, "shop", str(goal.id), {"step": "event:order"})
    gone = goals.create_goal(database, "shop", name="Gone", step="page:/x")
    goals.delete_goal(database, "shop", str(gone.id))
    webhook = register(database, application, "*")
    webhooks.disable(database, webhook, now=now)
    settings.change(database, "shop", {"allow_localhost": "true", "aliases": str(hidden.id)})
    page = owner.get(OWN)
    told = rows_of(page.text)
    for said in (
        "Setting changed Pages on localhost Value default → yes",
        "Webhook disabled https://hooks.example.com/tracker In use yes → no",
        "Goal deleted Gone Reached by Page /x",
        "Goal changed Order Reached by Page /thanks → Event order",
        "Key replaced Reports Goes on counting (seconds) 3600 Replaced by Reports",
        "Member invited Hanako Role Editor",
    ):
        assert [row for row in told if said in row], (said, told)
    assert "Hidden key" not in page.text, "another application's, though a text of this one has its id"
    assert str(hidden.id) in page.text
    for stored in (goal.id, old.id, new.id, webhook):
        assert str(stored) not in re.sub(r'title="[^"]*"', "", page.text)
    assert f'title="{goal.id}"' in page.text
    assert 'title="allow_localhost"' in page.text
    owner.language = "ja"
    japanese = rows_of(owner.get(OWN).text)
    assert [row for row in japanese if "目標を変更 Order 達成の条件 ページ /thanks → イベント order" in row]


def test_every_field_that_is_noted_has_its_words() -> None:
    definition = {field.name for field in fields(ParameterDefinition)} - {"application_id"}
    for language in LANGUAGES:
        words = Words(language)
        assert [name for name in sorted(definition) if not words.known(f"field.{name}", "")] == []


def test_a_key_is_told_from_the_operator_whatever_it_is_called(owner: Browsing, database: Database) -> None:
    made, _ = keys.create(database, "shop", permissions=["settings:write"], name="Operator")
    settings.change(database, "shop", {"bot_filter": "keep"}, by=Actor("key", made.id))
    settings.change(database, "shop", {"bot_filter": "drop"}, by=ADMIN)
    by_operator, by_key, *_ = rows_of(owner.get(OWN).text)
    assert "Operator Setting changed" in by_operator
    assert "Key “Operator” Setting changed" in by_key
    with pytest.raises(Refused, match="name is not accepted"):
        keys.create(database, "shop", permissions=["stats:read"], name="turned \N{RIGHT-TO-LEFT OVERRIDE}round")
    keys.create(database, "shop", permissions=["stats:read"], name="山田\N{IDEOGRAPHIC SPACE}太郎")


def test_nobody_else_reads_them(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    _, reader_key = keys.create(database, "shop", permissions=["stats:read", "settings:write"])
    for key in (stranger_key, reader_key):
        somebody = Browsing(managing)
        somebody.sign_in(key)
        assert [somebody.get(path).status_code for path in (OWN, ALL)] == [404, 404]
    assert [owner.get(path).status_code for path in (OWN, ALL)] == [200, 404]
    assert "/changes" not in somebody.get("/dashboard/applications/shop/settings").text


def noted() -> Iterator[str]:
    """Every action that the code notes: a text in a function that calls `note` or `record`."""
    for file in Path(tracker.__file__).parent.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        if "management.audit" not in source and "management import audit" not in source:
            continue
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            nodes = list(ast.walk(function))
            called = {ast.unparse(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)}
            texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            if called & {"note", "record", "_note"}:
                yield from filter(ACTION.fullmatch, texts)


def test_every_action_that_is_noted_can_be_chosen_and_has_its_words() -> None:
    assert set(noted()) == set(ACTIONS)
    for language in LANGUAGES:
        words = Words(language)
        assert len({words(f"audit.{action}") for action in ACTIONS}) == len(ACTIONS)

"""No page is heavier than 200 KB with its files, whatever an owner has written: as much as may be, of the worst."""

import re

import pytest

from tests.integration.test_dashboard_weight import HOME, MOST, pages_of, weight
from tests.support.browsing import Browsing
from tests.support.goal_visits import version_in
from tests.support.managing import Managing
from tests.support.raw_hits import execute
from tests.support.registered_webhooks import register
from tracker.application import Application
from tracker.management import applications, goals, members, shares
from tracker.management.goals import MAX_FUNNELS, MAX_GOALS
from tracker.management.members import MAX_MEMBERS
from tracker.management.shares import MAX_SHARES
from tracker.store.database import Database

NAME = '"' * 255
"""A quotation mark takes five bytes of HTML."""


@pytest.fixture
def operator(managing: Managing, database: Database, application: Application) -> Browsing:
    """The operator, of an application with the longest name that there is."""
    applications.update(database, "shop", {"name": NAME, "description": '"' * 10_000})
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


@pytest.mark.parametrize("language", ["en", "ja"])
def test_all_webhooks_are_there(
    operator: Browsing, database: Database, application: Application, language: str
) -> None:
    operator.language = language
    events = [f"tracking.{number:02}" + '/"' * 49 for number in range(50)]
    url = "https://" + ".".join(["a" * 60] * 4) + "/" + "b-" * 900
    ids = [str(register(database, application, *events, url=url)) for _ in range(50)]
    execute(
        database,
        "UPDATE webhooks SET is_active = false, disabled_at = now(), disabled_reason = repeat('\"', 200),"
        " failing_since = now()",
    )
    link = "Next page" if language == "en" else "次のページ"
    listed = [
        match
        for page in pages_of(operator, f"{HOME}/webhooks", link)
        for match in re.findall(r'class="button" href="[^"]*/webhooks/([^"]+)"', page.text)
    ]
    assert listed == ids
    of_one = f"{HOME}/webhooks/{ids[0]}"
    execute(
        database,
        "INSERT INTO webhook_deliveries"
        " (webhook_id, event_id, event_type, payload, state, attempt, due_at, last_error, created_at)"
        " SELECT id, gen_random_uuid(), %s, '{}', 'failed', 1, now(), repeat('\"', 500), now()"
        " FROM webhooks, generate_series(1, 60) WHERE id = %s",
        events[0],
        ids[0],
    )
    assert len(list(pages_of(operator, of_one, link))) > 1
    kept = operator.post(f"{HOME}/webhooks?after=45", action="enable", id=ids[49])
    assert kept.location == f"{HOME}/webhooks?done=saved&after=45"
    assert (
        operator.post(f"{HOME}/webhooks?after=45", action="delete", id=ids[49]).location
        == f"{HOME}/webhooks?done=saved"
    )


def test_all_goals_and_funnels_are_there_and_each_is_changed_alone(operator: Browsing, database: Database) -> None:
    step = "page:/" + '"' * 999
    for _ in range(MAX_GOALS):
        goals.create_goal(database, "shop", name=NAME, step=step)
    for _ in range(MAX_FUNNELS):
        goals.create_funnel(database, "shop", name=NAME, steps=[step] * 8)
    page = operator.get(f"{HOME}/goals")
    assert weight(operator, page) <= MOST
    assert page.text.count('value="delete_goal"') == MAX_GOALS
    assert page.text.count('value="delete_funnel"') == MAX_FUNNELS
    known, ways = goals.list_(database, "shop")
    for kind, thing in (("goal", known[3]), ("funnel", ways[3])):
        alone = operator.get(f"{HOME}/goals?change={thing.id}")
        assert weight(operator, alone) <= MOST
        assert alone.text.count(f'value="change_{kind}"') == 1
        assert re.findall(r'value="(?:delete_goal|delete_funnel)"', alone.text) == [f'value="delete_{kind}"']
        fields = {f"value{number}": '"' * 1001 for number in ("", *range(1, 9))}
        fields["version"] = version_in(alone.text, thing.id)
        for action in (kind, f"change_{kind}"):
            refused = operator.post(f"{HOME}/goals", action=action, id=str(thing.id), name=NAME, **fields)
            assert (refused.status_code, weight(operator, refused) <= MOST) == (400, True)


def test_all_members_are_there(operator: Browsing, database: Database, application: Application) -> None:
    origins = " ".join(f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}{number}.example" for number in range(9))
    for _ in range(MAX_SHARES):
        shares.create(database, "shop", name=NAME, frame_origins=origins)
    execute(
        database,
        "INSERT INTO members (application_id, name, role, expires_at, invited_by, email)"
        " SELECT id, lpad(n::text, 3, '0') || repeat('\"', 252), 'viewer', now() + interval '1 d', 'admin',"
        " repeat('x', 242) || '@example.org' FROM applications, generate_series(1, %s) AS n",
        MAX_MEMBERS,
    )
    listed = [
        name
        for page in pages_of(operator, f"{HOME}/access")
        for name in re.findall(r'<strong class="wrap" id="[^"]*">(\d{3})', page.text)
    ]
    assert sorted(listed) == [f"{number:03}" for number in range(1, MAX_MEMBERS + 1)]
    execute(
        database,
        "UPDATE members SET name = 'Hanako'",
    )
    assert len(list(pages_of(operator, f"{HOME}/access"))) < len(listed) / 20, "short names take fewer pages"
    gone = members.list_(database, "shop")[-1]
    removed = operator.post(f"{HOME}/access?after={MAX_MEMBERS - 1}", action="remove", id=str(gone.id))
    assert removed.location == f"{HOME}/access?saved=1", "the page where they stood is gone with them"


def test_all_failed_hits_and_changes_are_there(
    operator: Browsing, database: Database, application: Application
) -> None:
    execute(
        database,
        "INSERT INTO batch_queue (tracking_data, status, processed_at, error_message) SELECT"
        " jsonb_build_object('app_id', repeat('a', 50)), 'failed', now(), n || repeat('春', 400)"
        " FROM generate_series(1, 210) AS n",
    )
    listed = [
        match
        for page in pages_of(operator, "/dashboard/operations/failed")
        for match in re.findall(r"hit\?id=([0-9a-f-]+)", page.text)
    ]
    assert len(set(listed)) == len(listed) == 210
    execute(database, "DELETE FROM audit_log")
    execute(
        database,
        "INSERT INTO audit_log (actor_kind, application_id, action, subject, before, after) SELECT 'command', id,"
        " 'application.updated', n || 'th' || repeat('\"', 240), v, v"
        " FROM applications, generate_series(1, 70) AS n, (SELECT jsonb_object_agg(field, repeat('\"', 300)) AS v"
        " FROM unnest(ARRAY['name', 'domain', 'description', 'x', 'y']) AS field) AS values",
    )
    for path in (f"{HOME}/changes", "/dashboard/operations/changes"):
        numbers = [
            match
            for page in pages_of(operator, path)
            for match in re.findall(r'class="subject" title="(\d+)th', page.text)
        ]
        assert numbers == [str(number) for number in range(70, 0, -1)]


@pytest.mark.parametrize("path", [f"{HOME}/settings", f"{HOME}/keys", HOME, f"{HOME}/live", f"{HOME}/quality"])
def test_other_pages_are_light(operator: Browsing, path: str) -> None:
    page = operator.get(path)
    assert (page.status_code, weight(operator, page) <= MOST) == (200, True), weight(operator, page)

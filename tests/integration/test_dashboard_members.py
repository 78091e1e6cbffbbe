"""Members: invited by a link that counts once, with a role that holds at once, until they are removed."""

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from tests.support.browsing import Browsing, heading, text_of
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.errors import Refused
from tracker.management import applications, audit, keys, members, settings
from tracker.store.database import Database
from tracker.store.migrations import MIGRATIONS

HOME = "/dashboard/applications/shop"
MAY = {
    "viewer": {"", "/live", "/goals", "/quality"},
    "editor": {"", "/live", "/goals", "/quality", "/settings"},
    "owner": {"", "/live", "/goals", "/quality", "/settings", "/webhooks", "/keys", "/access"},
}


def invite(by: Browsing, role: str, name: str = "A <b>person</b>") -> str:
    """The path of an invitation that was made in the browser."""
    made = by.post(f"{HOME}/access", action="invite", name=name, role=role)
    assert made.status_code == 200, text_of(made)
    [path] = set(re.findall(r"http://localhost(/dashboard/invitation/[\w-]{43})", made.text))
    return path


def joined(managing: Managing, path: str) -> tuple[Browsing, str]:
    """Who has accepted an invitation, and their key."""
    person = Browsing(managing)
    assert heading(person.get(path)) == "Shop"
    answer = person.post(path)
    assert answer.status_code == 200, text_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    [api_key] = re.findall(r"alt_[\w-]{20,}", answer.text)
    return person, api_key


@pytest.mark.parametrize("role", MAY)
def test_each_role_sees_and_changes_what_is_its_own(
    owner: Browsing, managing: Managing, database: Database, application: Application, role: str
) -> None:
    path = invite(owner, role)
    assert path.rpartition("/")[2] not in str(rows(database, "SELECT * FROM members"))
    person, api_key = joined(managing, path)
    pages = {page: person.get(f"{HOME}{page}").status_code for page in MAY["owner"]}
    assert {page for page, status in pages.items() if status == 200} == MAY[role]
    assert set(pages.values()) <= {200, 404}
    assert person.get("/dashboard/operations").status_code == 404
    changed = person.post(f"{HOME}/settings", action="settings", **{"was:bot_filter": "drop", "set:bot_filter": "keep"})
    assert changed.status_code == (404 if role == "viewer" else 303)
    assert (settings.get(database, "shop", "bot_filter").setting_value == "keep") is (role != "viewer")
    again = Browsing(managing)
    again.sign_in(api_key)
    assert again.get(HOME).status_code == 200, "signs in again with the key"
    [member] = members.list_(database, "shop")
    assert (member.role, member.is_active) == (role, True)
    [join] = [row for row in audit.list_(database, limit=50) if row["action"] == "member.joined"]
    assert (join["actor_key_id"], join["subject"]) == (member.key_id, str(member.id))
    assert api_key not in str(audit.list_(database, limit=50))
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    assert person.get("/dashboard/applications/stranger").status_code == 404
    stranger = Browsing(managing)
    stranger.sign_in(stranger_key)
    for app_id in ("shop", "stranger"):
        removed = stranger.post(f"/dashboard/applications/{app_id}/access", action="remove", id=str(member.id))
        assert removed.status_code == 404
    assert len(members.list_(database, "shop")) == 1


def test_a_role_that_changes_holds_and_who_is_removed_is_out_with_the_next_request(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    person, api_key = joined(managing, invite(owner, "viewer"))
    [member] = members.list_(database, "shop")
    assert owner.post(f"{HOME}/access", action="role", id=str(member.id), role="editor").status_code == 303
    assert person.get(f"{HOME}/settings").status_code == 200
    assert owner.post(f"{HOME}/access", action="role", id=str(member.id), role="viewer").status_code == 303
    assert person.get(f"{HOME}/settings").status_code == 404
    assert owner.post(f"{HOME}/access", action="role", id=str(member.id), role="king").status_code == 400
    assert owner.post(f"{HOME}/access", action="remove", id=str(member.id)).status_code == 303
    gone = person.get(HOME)
    assert (gone.status_code, gone.location.partition("?")[0]) == (303, "/dashboard/sign-in")
    assert Browsing(managing).sign_in(api_key).status_code == 401
    assert members.list_(database, "shop") == []
    assert owner.post(f"{HOME}/access", action="remove", id=str(member.id)).status_code == 404
    noted = {row["action"] for row in audit.list_(database, limit=50)}
    assert {"member.invited", "member.joined", "member.removed", "api_key.created", "api_key.updated"} <= noted


def test_an_invitation_counts_once_for_seven_days_and_until_it_is_withdrawn(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path = invite(owner, "viewer")
    joined(managing, path)
    assert Browsing(managing).get(path).status_code == 404
    assert Browsing(managing).post(path).status_code == 404
    withdrawn = invite(owner, "viewer", "Second")
    questions = text_of(owner.get(f"{HOME}/access"))
    assert (questions.count("Yes, remove"), questions.count("Yes, withdraw")) == (1, 1)
    [second] = [row for row in members.list_(database, "shop") if row.name == "Second"]
    owner.post(f"{HOME}/access", action="remove", id=str(second.id))
    assert Browsing(managing).post(withdrawn).status_code == 404
    late = SystemClock().now() - members.INVITATION_LASTS - timedelta(minutes=1)
    _, token = members.invite(database, "shop", name="Late", role="viewer", now=late)
    assert Browsing(managing).post(f"/dashboard/invitation/{token}").status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert Browsing(managing).post(invite(owner, "viewer"), headers=foreign).status_code == 403
    assert len([row for row in members.list_(database, "shop") if row.key_id]) == 1


def test_of_two_who_accept_at_once_one_joins(database: Database, application: Application) -> None:
    now = SystemClock().now()
    _, token = members.invite(database, "shop", name="One", role="editor", now=now)
    ready, ends = Barrier(2), list[Any]()

    def accept() -> None:
        ready.wait()
        try:
            ends.append(members.join(database, token, now)[0])
        except Refused as refused:
            ends.append(refused.code)

    threads = [Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["NOT_FOUND", "shop"]
    assert [key.name for key in keys.list_(database, "shop")].count("One") == 1


def test_nobody_invites_or_removes_who_may_more_than_they(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    _, limited_key = keys.create(database, "shop", permissions=["stats:read", "keys:write"])
    limited = Browsing(managing)
    limited.sign_in(limited_key)
    page = limited.get(f"{HOME}/access").text
    assert ('value="viewer"' in page, 'value="owner"' in page) == (True, False)
    for role in ("owner", "editor"):
        assert limited.post(f"{HOME}/access", action="invite", name="x", role=role).status_code == 403
    joined(managing, invite(owner, "owner"))
    [member] = members.list_(database, "shop")
    assert limited.post(f"{HOME}/access", action="remove", id=str(member.id)).status_code == 403
    assert limited.post(f"{HOME}/access", action="role", id=str(member.id), role="viewer").status_code == 403
    by_limited = invite(limited, "viewer", "Theirs")
    row = next(key for key in keys.list_(database, "shop") if set(key.permissions) == {"stats:read", "keys:write"})
    keys.revoke(database, "shop", str(row.id))
    assert Browsing(managing).post(by_limited).status_code == 403, "who invited may not do so any more"
    editor, _ = joined(managing, invite(owner, "editor", "Ed"))
    assert editor.post(f"{HOME}/access", action="invite", name="x", role="viewer").status_code == 404


def test_a_members_key_may_be_replaced_and_ended_as_any_other(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    joined(managing, invite(owner, "editor"))
    [member] = members.list_(database, "shop")
    keys.rotate(database, "shop", str(member.key_id), grace_seconds=0)
    [moved] = members.list_(database, "shop")
    assert (moved.key_id != member.key_id, moved.is_active, moved.role) == (True, True, "editor")
    keys.update(database, "shop", str(moved.key_id), {"permissions": ["stats:read", "track"]})
    assert members.list_(database, "shop")[0].role is None
    keys.revoke(database, "shop", str(moved.key_id))
    assert "The key has ended." in text_of(owner.get(f"{HOME}/access"))
    assert owner.post(f"{HOME}/access", action="remove", id=str(member.id)).status_code == 303


def test_keys_of_members_are_marked_on_the_page_of_keys(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    joined(managing, invite(owner, "viewer", name="Hanako <i>"))
    keys.create(database, "shop", permissions=["stats:read"], name="Reports")
    [member] = members.list_(database, "shop")
    keys.rotate(database, "shop", str(member.key_id), grace_seconds=3600)
    page = owner.get(f"{HOME}/keys").text
    headings = [re.sub(r"\s+", " ", text) for text in re.findall(r'<h2 class="wrap">(.*?)</h2>', page, re.DOTALL)]
    marked = [text for text in headings if '<span class="tag">Member: Hanako &lt;i&gt;</span>' in text]
    assert len(marked) == 2, "the one that was replaced counts for an hour, and is theirs"
    assert [text for text in headings if "Reports" in text and "Member" in text] == []
    owner.language = "ja"
    assert owner.get(f"{HOME}/keys").text.count("メンバー：Hanako &lt;i&gt;") == 2


@pytest.mark.parametrize("grace", [0, keys.DEFAULT_GRACE])
def test_an_invitation_outlives_the_key_of_whoever_made_it_where_that_was_replaced(
    owner: Browsing, managing: Managing, database: Database, application: Application, grace: int
) -> None:
    inviter, _ = joined(managing, invite(owner, "owner", "First"))
    paths = [invite(inviter, "editor", name) for name in ("Second", "Third")]
    for _ in range(2):
        first = next(row for row in members.list_(database, "shop") if row.name == "First")
        keys.rotate(database, "shop", str(first.key_id), grace_seconds=grace)
    joined(managing, paths[0])
    first = next(row for row in members.list_(database, "shop") if row.name == "First")
    assert owner.post(f"{HOME}/access", action="remove", id=str(first.id)).status_code == 303
    assert Browsing(managing).post(paths[1]).status_code == 403, "who invited is gone"


def test_a_key_that_was_replaced_and_still_counts_changes_and_ends_with_the_member(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    person, api_key = joined(managing, invite(owner, "editor"))
    [member] = members.list_(database, "shop")
    for _ in range(2):
        [now] = members.list_(database, "shop")
        keys.rotate(database, "shop", str(now.key_id), grace_seconds=keys.DEFAULT_GRACE)
    assert person.get(f"{HOME}/settings").status_code == 200, "within the grace"
    assert owner.post(f"{HOME}/access", action="role", id=str(member.id), role="viewer").status_code == 303
    assert (person.get(HOME).status_code, person.get(f"{HOME}/settings").status_code) == (200, 404)
    assert owner.post(f"{HOME}/access", action="remove", id=str(member.id)).status_code == 303
    assert person.get(HOME).status_code == 303
    assert Browsing(managing).sign_in(api_key).status_code == 401
    assert managing.get("/v1/statistics?app_id=shop", key=api_key).status_code == 401
    assert [key.id for key in keys.list_(database, "shop") if key.is_active] == [keys.FIRST]


def test_keys_that_were_replaced_before_they_were_kept_are_found_however_often(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    joined(managing, invite(owner, "editor"))
    joined(managing, invite(owner, "viewer"))
    for _ in range(3):
        for member in members.list_(database, "shop"):
            keys.rotate(database, "shop", str(member.key_id), grace_seconds=keys.DEFAULT_GRACE)
    kept = "SELECT id, ARRAY(SELECT unnest(replaced_key_ids) ORDER BY 1) FROM members ORDER BY id"
    known = rows(database, kept)
    assert [len(replaced) for _, replaced in known] == [3, 3]
    with database.transaction() as tx:
        tx.execute("UPDATE members SET replaced_key_ids = replaced_key_ids[3:3]")
        tx.execute((MIGRATIONS / "0036_keys_replaced_twice.sql").read_bytes())
    assert rows(database, kept) == known

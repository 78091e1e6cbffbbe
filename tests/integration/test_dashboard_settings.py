"""What an owner changes in the browser: settings, keys, webhooks; noted, and refused to everybody else."""

import re
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.support.browsing import Browsing, heading, text_of
from tests.support.managing import Managing, data
from tests.support.queued_hits import rows
from tests.support.registered_webhooks import register
from tests.support.setting_forms import sent
from tracker.application import Application
from tracker.dashboard.mount import LARGER_BODIES
from tracker.management import applications, audit, keys, settings, webhooks
from tracker.receiver.app import max_body_of
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
PAGES = {f"{HOME}/settings": "settings:write", f"{HOME}/keys": "keys:write", f"{HOME}/webhooks": "webhooks:write"}


def actions(database: Database) -> list[tuple[str, str, str]]:
    return [(row["action"], row["actor_kind"], row["subject"]) for row in audit.list_(database, limit=50)]


def test_the_application_is_renamed_and_set_in_both_languages(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    changed = owner.post(
        f"{HOME}/settings",
        action="application",
        name="Söhne <b>",
        domain="MÜNCHEN.example",
        description="",
        rate_limit_per_minute="900",
    )
    assert (changed.status_code, changed.location) == (303, f"{HOME}/settings?saved=1")
    row = applications.show(database, "shop")
    assert (row.name, row.domain, row.rate_limit_per_minute) == ("Söhne <b>", "xn--mnchen-3ya.example", 900)
    page = owner.get(f"{HOME}/settings").text
    assert '<span title="xn--mnchen-3ya.example">münchen.example</span>' in page
    assert 'name="domain" value="münchen.example"' in page
    assert "<code>xn--mnchen-3ya.example</code>" in page
    assert heading(owner.get(f"{HOME}/settings")) == "Söhne &lt;b&gt;"
    owner.post(f"{HOME}/settings", **sent(owner, {"set:bot_filter": "keep"}))
    assert settings.get(database, "shop", "bot_filter").setting_value == "keep"
    owner.post(f"{HOME}/settings", **sent(owner, {"default:bot_filter": "on"}))
    assert settings.get(database, "shop", "bot_filter").is_default
    owner.language = "ja"
    refused = owner.post(f"{HOME}/settings", **sent(owner, {"set:bot_filter": "<script>"}))
    assert refused.status_code == 400
    assert "「ボット」に&#39;&lt;script&gt;&#39;は使えません" in refused.text
    too_much = owner.post(
        f"{HOME}/settings", action="application", name="Shop", domain="", rate_limit_per_minute="2000000000"
    )
    assert (too_much.status_code, "運用者だけです" in too_much.text) == (403, True)
    assert owner.post(f"{HOME}/settings", action="application", name="", domain="").status_code == 400
    assert ("setting.changed", "key", "bot_filter") in actions(database)
    assert ("application.updated", "key", "shop") in actions(database)
    page = owner.get(f"{HOME}/settings")
    untranslated = re.findall(r'<p class="hint" id="meaning-[^"]*"><span lang="en">', page.text)
    assert untranslated == []
    [statuses] = re.findall(r'<select id="status".*?</select>', page.text, re.DOTALL)
    assert re.findall(r'<option value="(\w+)"', statuses) == ["active", "inactive"]
    paused = {"action": "application", "name": "Shop", "domain": ""}
    owner.post(f"{HOME}/settings", status="inactive", **paused)
    assert applications.show(database, "shop").status == "inactive"
    refused = owner.post(f"{HOME}/settings", status="suspended", **paused)
    assert (refused.status_code, applications.show(database, "shop").status) == (403, "inactive")
    _, limited_key = keys.create(database, "shop", permissions=["stats:read", "settings:write"])
    limited = Browsing(managing)
    limited.sign_in(limited_key)
    assert 'name="status"' not in limited.get(f"{HOME}/settings").text, "the first key's, and the operator's"
    assert limited.post(f"{HOME}/settings", status="active", **paused).status_code == 403
    assert applications.show(database, "shop").status == "inactive"
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    suspended = {"action": "application", "name": "Shop", "status": "suspended"}
    refused = operator.post(f"{HOME}/settings", domain="no domain", **suspended)
    assert (refused.status_code, 'value="suspended" selected' in refused.text) == (400, True)
    operator.post(f"{HOME}/settings", domain="", **suspended)
    assert applications.show(database, "shop").status == "suspended"
    assert 'name="status"' not in owner.get(f"{HOME}/settings").text, "only the operator ends a suspension"


def test_keys_are_made_rotated_and_revoked_and_shown_once(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    form = {"action": "create", "name": "Reader", "days": "30", "may:stats:read": "on", "may:track": "on"}
    made = owner.post(f"{HOME}/keys", **form, **{"may:export:read": "on"})
    assert "Permissions track stats:read export:read Last used not yet" in text_of(made)
    [api_key] = re.findall(r"alt_[\w-]{20,}", made.text)
    assert made.headers["Cache-Control"] == "no-store"
    assert api_key not in owner.get(f"{HOME}/keys").text
    assert data(managing.get("/v1/statistics", key=api_key))["total_requests"] == 0
    reader = next(key for key in keys.list_(database, "shop") if key.name == "Reader")
    assert set(reader.permissions) == {"track", "stats:read", "export:read"}
    assert reader.expires_at is not None
    rotated = owner.post(f"{HOME}/keys", action="rotate", id=str(reader.id), grace="0")
    [newer] = re.findall(r"alt_[\w-]{20,}", rotated.text)
    assert newer != api_key
    assert managing.get("/v1/statistics", key=api_key).status_code == 401
    successor = next(key for key in keys.list_(database, "shop") if key.name == "Reader" and key.id != reader.id)
    gone = owner.post(f"{HOME}/keys", action="revoke", id=str(successor.id))
    assert gone.status_code == 303
    assert managing.get("/v1/statistics", key=newer).status_code == 401
    assert [action for action, kind, _ in actions(database) if kind == "key"] == [
        "api_key.revoked",
        "api_key.rotated",
        "api_key.created",
    ]
    assert owner.post(f"{HOME}/keys", action="create", days="0").status_code == 400, "a key that may nothing"
    assert owner.post(f"{HOME}/keys", action="create", days="7", **{"may:track": "on"}).status_code == 400
    assert owner.post(f"{HOME}/keys", action="revoke", id="first").status_code == 409
    assert owner.post(f"{HOME}/keys", action="revoke", id=str(uuid4())).status_code == 404


def test_a_key_makes_no_key_that_may_more(managing: Managing, database: Database, application: Application) -> None:
    _, api_key = keys.create(database, "shop", permissions=["stats:read", "keys:write"])
    limited = Browsing(managing)
    limited.sign_in(api_key)
    assert "may:export:read" not in limited.get(f"{HOME}/keys").text
    refused = limited.post(f"{HOME}/keys", action="create", days="0", **{"may:export:read": "on"})
    assert (refused.status_code, "no more than itself" in refused.text) == (403, True)


def test_webhooks_are_registered_disabled_enabled_tried_and_deleted(
    owner: Browsing, database: Database, application: Application
) -> None:
    bad = owner.post(f"{HOME}/webhooks", action="create", url="http://127.0.0.1/", **{"on:session.started": "on"})
    assert bad.status_code == 400
    none = owner.post(f"{HOME}/webhooks", action="create", url="https://93.184.216.34/in")
    assert none.status_code == 400
    made = owner.post(
        f"{HOME}/webhooks", action="create", url="https://93.184.216.34/in", **{"on:session.started": "on"}
    )
    assert made.status_code == 200, text_of(made)
    [secret] = re.findall(r"whsec_[\w+/=-]+", made.text)
    assert secret not in owner.get(f"{HOME}/webhooks").text
    [row] = webhooks.list_(database, "shop")
    assert list(row.events) == ["session.started"]
    assert owner.post(f"{HOME}/webhooks", action="test", id=str(row.id)).location.endswith("?done=test")
    assert owner.post(f"{HOME}/webhooks", action="redeliver", id=str(row.id)).location.endswith("?done=again&count=0")
    owner.post(f"{HOME}/webhooks", action="disable", id=str(row.id))
    assert not webhooks.show(database, row.id).is_active
    assert owner.post(f"{HOME}/webhooks", action="test", id=str(row.id)).status_code == 409
    owner.post(f"{HOME}/webhooks", action="enable", id=str(row.id))
    assert webhooks.show(database, row.id).is_active
    stranger, _ = applications.create(database, name="Stranger", app_id="stranger")
    theirs = register(database, stranger, "*")
    for action in ("disable", "delete", "test", "redeliver"):
        assert owner.post(f"{HOME}/webhooks", action=action, id=str(theirs)).status_code == 404
    assert webhooks.show(database, theirs).is_active
    owner.post(f"{HOME}/webhooks", action="delete", id=str(row.id))
    assert webhooks.list_(database, "shop") == []
    assert {"webhook.created", "webhook.disabled", "webhook.enabled", "webhook.deleted"} <= {
        a for a, _, _ in actions(database)
    }


@pytest.mark.parametrize("path", PAGES)
def test_nobody_changes_what_they_may_not_and_no_other_site_does(
    path: str, managing: Managing, owner: Browsing, database: Database, application: Application
) -> None:
    _, api_key = keys.create(database, "shop", permissions=["stats:read"])
    before = actions(database)
    reader = Browsing(managing)
    reader.sign_in(api_key)
    assert reader.get(path).status_code == 404
    assert path not in reader.get(HOME).text
    assert reader.post(path, action="create", **{"may:track": "on"}).status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert owner.post(path, headers=foreign, action="create").status_code == 403
    assert owner.post(path, action="nonsense").status_code == 400
    assert Browsing(managing).post(path, action="create").status_code == 303
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    stranger = Browsing(managing)
    stranger.sign_in(stranger_key)
    assert stranger.post(path, action="create", **{"may:track": "on"}).status_code == 404
    assert [row for row in actions(database) if row not in before] == [("application.created", "command", "stranger")]


@pytest.mark.parametrize(
    ("path", "fields", "shown"),
    [
        (
            "webhooks",
            {"action": "create", "url": "ftp://<x>", "on:batch.failed": "on"},
            ["ftp://&lt;x&gt;", "on:batch.failed"],
        ),
        ("keys", {"action": "create", "name": "Mine", "days": "90"}, ["Mine", "90"]),
        ("access", {"action": "share", "name": "Ours", "frame_origins": "nowhere"}, ["Ours", "nowhere"]),
        ("access", {"action": "invite", "name": "Taro", "role": "none"}, ["Taro"]),
        ("goals", {"action": "goal", "name": "Cart", "kind": "page", "value": "cart"}, ["Cart", "cart"]),
        ("goals", {"action": "funnel", "name": "Way", "kind1": "event", "value1": "x"}, ["Way", "x"]),
        (
            *("settings", {"action": "settings", "was:timezone": "UTC", "set:timezone": "Mars/Base"}),
            ["Mars/Base"],
        ),
        ("settings", {"action": "application", "name": "Shop", "domain": "no domain"}, ["no domain"]),
    ],
)
def test_what_was_entered_stays_where_it_is_refused(
    owner: Browsing, path: str, fields: dict[str, str], shown: list[str]
) -> None:
    refused = owner.post(f"{HOME}/{path}", **fields)
    assert refused.status_code == 400
    form = refused.text.partition("</header>")[2]
    for value in shown:
        assert re.search(rf'(value|name)="{re.escape(value)}"( |>)[^>]*', form), value
    assert 'class="more" open' in form or path == "settings"
    if path == "webhooks":
        assert re.findall(r'name="(on:[^"]*)" checked', form) == ["on:batch.failed"]
    if path == "keys":
        assert " checked" not in form
        assert 'value="90" selected' in form


def test_a_description_of_any_length_fits_the_form(owner: Browsing, managing: Managing, database: Database) -> None:
    described = {"action": "application", "name": "Shop", "domain": "", "description": "𠮷" * 9_998 + "\r\n𠮷"}
    assert owner.post(f"{HOME}/settings", **described).status_code == 303
    assert applications.show(database, "shop").description == described["description"].replace("\r\n", "\n")
    sent = {"PATH_INFO": f"{HOME}/settings", "REQUEST_METHOD": "POST"}
    assert max_body_of(managing.app, LARGER_BODIES)(sent) > len(urlencode(described)), "the server takes it, too"


def test_the_first_key_and_the_operator_delete_the_application_by_typing_its_app_id(
    owner: Browsing, managing: Managing, database: Database
) -> None:
    applications.create(database, name="Other", app_id="other")
    assert 'value="delete"' in owner.get(f"{HOME}/settings").text
    for typed in ("", "SHOP", "other", "shop2"):
        refused = owner.post(f"{HOME}/settings", action="delete", app_id=typed)
        assert (refused.status_code, "type its app_id exactly" in refused.text) == (400, True)
    elsewhere = owner.post(
        f"{HOME}/settings", action="delete", app_id="shop", headers={"Origin": "https://evil.example"}
    )
    others = owner.post("/dashboard/applications/other/settings", action="delete", app_id="other")
    assert (elsewhere.status_code, others.status_code) == (403, 404)
    assert {applications.show(database, name).deleted_at for name in ("shop", "other")} == {None}
    done = owner.post(f"{HOME}/settings", action="delete", app_id="shop")
    assert (done.status_code, done.location, owner.cookie()) == (303, "/dashboard/sign-in?done=deleted", None)
    assert "The application was deleted." in text_of(owner.get(done.location))
    assert owner.get(HOME).location.startswith("/dashboard/sign-in"), "the key is void"
    assert applications.show(database, "shop").deleted_at is not None
    assert actions(database)[0] == ("application.deleted", "key", "shop")
    operator = Browsing(managing, language="ja")
    operator.sign_in(managing.admin_token)
    done = operator.post("/dashboard/applications/other/settings", action="delete", app_id="other", purge="on")
    assert (done.status_code, done.location) == (303, "/dashboard?done=purged")
    assert "保存済みのデータを消去しています" in operator.get(done.location).text
    assert [action for action, *_ in actions(database)[:2]] == ["application.purged", "application.deleted"]
    assert rows(database, "SELECT kind FROM erasures") == [("application",)]
    assert operator.get("/dashboard/applications/other/settings").status_code == 404


def test_no_other_key_deletes_an_application(managing: Managing, database: Database, application: Application) -> None:
    _, key = keys.create(database, "shop", permissions=["stats:read", "settings:write", "keys:write", "data:erase"])
    editor = Browsing(managing)
    editor.sign_in(key)
    assert 'value="delete"' not in editor.get(f"{HOME}/settings").text
    assert editor.post(f"{HOME}/settings", action="delete", app_id="shop").status_code == 400
    assert applications.show(database, "shop").deleted_at is None

"""Settings of an application in the browser: a form for each subject, saved at once; what others changed meanwhile."""

import re
from dataclasses import replace

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing
from tests.support.setting_forms import sent, sent_of_application, shown_of_application
from tracker import time_zones
from tracker.application import Application
from tracker.application_settings import SETTINGS, TIMEZONE
from tracker.dashboard import setting_fields
from tracker.dashboard.wording import LANGUAGES, Words
from tracker.management import applications, audit, settings
from tracker.store import retention_state
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"


def actions(database: Database) -> list[tuple[str, str, str]]:
    return [(row["action"], row["actor_kind"], row["subject"]) for row in audit.list_(database, limit=50)]


def test_a_form_changes_at_once_what_was_changed_in_it_and_nothing_else(
    owner: Browsing, database: Database, application: Application
) -> None:
    seen = sent(owner, {"set:retention_days": "90"})
    assert len([name for name in seen if name.startswith("was:")]) == 8
    wrong = owner.post(f"{HOME}/settings", **{**seen, "set:respect_dnt": "ignore", "set:max_url_length": "many"})
    assert wrong.status_code == 400
    assert 'aria-describedby="meaning-max_url_length wrong-max_url_length" aria-invalid="true"' in wrong.text
    assert 'name="set:retention_days" value="90"' in wrong.text, "what was entered beside it stays"
    assert [row for row in actions(database) if row[0] == "setting.changed"] == [], "all of them, or none"
    assert owner.post(f"{HOME}/settings", **{**seen, "set:respect_dnt": "ignore"}).status_code == 303
    changed = [row for row in actions(database) if row[0] == "setting.changed"]
    assert sorted(subject for *_, subject in changed) == ["respect_dnt", "retention_days"]
    owner.post(f"{HOME}/settings", **sent(owner, {"set:timezone": " Asia/Tokyo "}))
    owner.post(f"{HOME}/settings", **sent(owner, {"set:dialects:matomo": "on"}))
    assert settings.get(database, "shop", "timezone").setting_value == "Asia/Tokyo"
    assert settings.get(database, "shop", "dialects").setting_value == "original,matomo"
    before = actions(database)
    for group in setting_fields.GROUPS.values():
        assert owner.post(f"{HOME}/settings", **sent(owner, {f"other:{group[0]}": ""})).status_code == 303
    assert actions(database) == before, "a page that is sent as it is changes nothing"


def test_what_somebody_else_has_changed_meanwhile_stays_or_is_told(
    owner: Browsing, database: Database, application: Application
) -> None:
    seen = sent(owner, {"set:max_user_agent_length": "500"})
    settings.change(database, "shop", {"respect_dnt": "anonymous", "max_url_length": "1000"})
    assert owner.post(f"{HOME}/settings", **seen).status_code == 303
    now = {row.setting_key: row.setting_value for row in settings.list_(database, "shop")}
    assert (now["max_user_agent_length"], now["respect_dnt"], now["max_url_length"]) == ("500", "anonymous", "1000")
    for language in ("en", "ja"):
        owner.language = language
        late = owner.post(f"{HOME}/settings", **{**seen, "set:respect_dnt": "ignore"})
        assert late.status_code == 412
        assert '<span lang="en">' not in late.text
        assert 'id="wrong-respect_dnt"' in late.text
        assert 'name="was:respect_dnt" value="anonymous"' in late.text, "whoever saves again has seen it"
        assert '<option value="ignore" selected' in late.text, "what was entered stays"
        assert 'name="set:max_url_length" value="1000"' in late.text, "what was not is as it is now"
    again = {**seen, "was:respect_dnt": "anonymous", "set:respect_dnt": "ignore", "was:max_user_agent_length": "500"}
    assert owner.post(f"{HOME}/settings", **again).status_code == 303
    assert settings.get(database, "shop", "respect_dnt").setting_value == "ignore"
    assert owner.post(f"{HOME}/settings", **again, other="").status_code == 303, "it is already so"


def test_a_stale_form_of_the_application_undoes_nothing_and_is_told_what_it_would(
    owner: Browsing, database: Database, application: Application
) -> None:
    long = {"domain": "münchen.example", "description": "𠮷" * 9_998 + "\r\n𠮷"}
    assert owner.post(f"{HOME}/settings", **sent_of_application(owner, long)).status_code == 303
    before = actions(database)
    stale = sent_of_application(owner, {})
    assert owner.post(f"{HOME}/settings", **stale).status_code == 303
    assert actions(database) == before, "a page that is sent as it is changes nothing"
    applications.update(
        database, "shop", {"status": "suspended", "domain": "xn--zrich-kva.example", "rate_limit_per_minute": 500}
    )
    assert owner.post(f"{HOME}/settings", **{**stale, "name": "Mine"}).status_code == 303
    row = applications.show(database, "shop")
    assert (row.name, row.domain, row.status) == ("Mine", "xn--zrich-kva.example", "suspended")
    assert (row.rate_limit_per_minute, row.description) == (500, "𠮷" * 9_998 + "\n𠮷")
    mine = {"name": "Yours", "description": "Mine"}
    for language in ("en", "ja"):
        owner.language = language
        late = owner.post(f"{HOME}/settings", **{**stale, **mine})
        assert late.status_code == 412
        assert 'role="alert"><span lang="en">' not in late.text
        assert "&#39;Mine&#39;" in late.text, "what it has become"
        now = shown_of_application(late.text)
        assert {name: now[name] for name in mine} == mine, "what was entered stays"
        assert (now["domain"], now["rate_limit_per_minute"]) == ("zürich.example", "500"), "what was not is as it is"
    assert applications.show(database, "shop").description != "Mine", "all of them, or none"
    assert owner.post(f"{HOME}/settings", **now).status_code == 303, "whoever saves again has seen it"
    row = applications.show(database, "shop")
    assert (row.name, row.description, row.status) == ("Yours", "Mine", "suspended")
    assert owner.post(f"{HOME}/settings", **{**stale, "name": "Yours"}).status_code == 303, "it is already so"


def test_a_stale_form_of_the_operator_ends_no_pause_and_meets_another_status(
    managing: Managing, database: Database, application: Application
) -> None:
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    stale = sent_of_application(operator, {})
    applications.update(database, "shop", {"status": "inactive"})
    assert operator.post(f"{HOME}/settings", **{**stale, "description": "x"}).status_code == 303
    assert applications.show(database, "shop").status == "inactive"
    late = operator.post(f"{HOME}/settings", **{**stale, "status": "suspended"})
    assert (late.status_code, applications.show(database, "shop").status) == (412, "inactive")
    assert operator.post(f"{HOME}/settings", **shown_of_application(late.text)).status_code == 303
    assert applications.show(database, "shop").status == "suspended"


def test_the_page_says_what_the_server_does_and_names_no_variable(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    managing.settings = replace(managing.settings, retention_months=24, daily_megabytes=0)
    page = owner.get(f"{HOME}/settings")
    assert "TRACKER_" not in page.text
    assert "as on the server, 24 months." in text_of(page)
    assert "as on the server, without a limit." in text_of(page)
    assert 'name="set:retention_days" value=""' in page.text
    with database.transaction() as tx:
        retention_state.note_months(tx, 13)
    assert "as on the server, 13 months." in text_of(owner.get(f"{HOME}/settings"))
    owner.post(f"{HOME}/settings", **sent(owner, {"set:retention_days": "30"}))
    owner.post(f"{HOME}/settings", **sent(owner, {"set:retention_days": " "}))
    assert settings.get(database, "shop", "retention_days").setting_value == "0"
    owner.language = "ja"
    page = owner.get(f"{HOME}/settings")
    assert "サーバーの設定どおり（13か月）" in page.text
    assert 'list="zones"' in page.text
    zones = re.findall(r'<option value="([^"]+)">', page.text.partition('<datalist id="zones">')[2])
    assert zones == list(time_zones.names())
    assert {"UTC", "Asia/Tokyo", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= set(zones)
    assert [zone for zone in zones if TIMEZONE.normal(zone) != zone] == []


def test_every_setting_has_its_place_and_its_name() -> None:
    assert sorted(key for keys in setting_fields.GROUPS.values() for key in keys) == sorted(SETTINGS)
    for language in LANGUAGES:
        words = Words(language)
        assert [key for key in SETTINGS if words.known(f"setting.{key}", "") == ""] == []


@pytest.mark.parametrize(("chosen", "few"), [("en", {"yes", "keep its network"}), ("ja", {"はい", "日曜日"})])
def test_choices_are_shown_in_words(owner: Browsing, chosen: str, few: set[str]) -> None:
    owner.language = chosen
    options = re.findall(r'<option value="(\w+)"[^>]*>([^<]*)</option>', owner.get(f"{HOME}/settings").text)
    assert few <= {words for _, words in options}
    assert len(options) > 20
    assert [value for value, words in options if value == words and (chosen == "ja" or "_" in value)] == []

"""The operator makes an application in the browser: what is asked, what is shown once, what is refused."""

import html
import re

import pytest

from tests.support.browsing import Browsing, heading, text_of
from tests.support.managing import Managing, data
from tracker.application import Application
from tracker.management import applications, audit, parameters
from tracker.store.database import Database

NEW = "/dashboard/new-application"
FORM = {"action": "create", "domain": "", "app_id": "", "preset": "", "rate_limit_per_minute": "1000"}
HOSTILE = "<b data-hostile>Söhne & Co"


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def test_an_application_is_made_and_its_first_page_shows_tag_and_key_this_once(
    operator: Browsing, managing: Managing, database: Database
) -> None:
    assert f'href="{NEW}"' in operator.get("/dashboard").text
    made = operator.post(
        NEW, **{**FORM, "name": f" {HOSTILE} ", "domain": "MÜNCHEN.example", "app_id": "Made.one", "preset": "news"}
    )
    assert (made.status_code, heading(made)) == (200, html.escape(HOSTILE))
    assert "<b data-hostile>" not in made.text
    row = applications.show(database, "Made.one")
    assert (row.name, row.domain, row.rate_limit_per_minute, row.status) == (
        *(HOSTILE, "xn--mnchen-3ya.example", 1000),
        "active",
    )
    assert 'data-app-id="Made.one"' in html.unescape(made.text)
    assert [part for part in ('http-equiv="refresh"', "data-poll") if part in made.text] == [], "a reload takes the key"
    assert 'href="/dashboard/applications/Made.one">Once you have saved' in made.text
    [api_key] = re.findall(r"alt_[\w-]{20,}", made.text)
    assert made.headers["Cache-Control"] == "no-store"
    assert data(managing.get("/v1/statistics", key=api_key))["total_requests"] == 0
    assert len(parameters.list_(database, "Made.one")) > 3
    again = operator.get("/dashboard/applications/Made.one")
    assert ("Nothing has been counted yet" in again.text, api_key in again.text) == (True, False)
    assert 'data-poll="/dashboard/applications/Made.one/first-hit"' in again.text
    [created] = [row for row in audit.list_(database) if row["action"] == "application.created"]
    assert (created["actor_kind"], created["subject"]) == ("admin", "Made.one")


def test_without_an_app_id_one_is_drawn(operator: Browsing, database: Database) -> None:
    operator.post(NEW, **{**FORM, "name": "My site"})
    [row] = applications.list_(database)
    assert re.fullmatch(r"my-site-[a-z2-9]{16}", row.app_id)


REFUSALS: list[tuple[dict[str, str], int, str, str]] = [
    ({"name": " "}, 400, "The name is not accepted", "名前は1〜255文字"),
    ({"app_id": "-"}, 400, "The app_id is not accepted", "app_idは英数字"),
    ({"app_id": "shop"}, 409, "is taken", "app_id &#39;shop&#39;は使われています"),
    ({"domain": "https://shop.example/"}, 400, "The domain is not accepted", "ドメインはshop.example.comのような"),
    ({"rate_limit_per_minute": "many"}, 400, "It needs a whole number", "1分あたりの上限は"),
    ({"preset": "<b>"}, 404, "There is no preset &#39;&lt;b&gt;&#39;", "プリセット&#39;&lt;b&gt;&#39;はありません"),
]
"""What is entered, and what is said of it."""


def test_what_is_refused_is_said_above_the_form_as_it_was_entered(
    operator: Browsing, database: Database, application: Application
) -> None:
    for wrong, status, why, in_japanese in REFUSALS:
        entered = {**FORM, "name": HOSTILE, "preset": "ecommerce", **wrong}
        operator.language = "en"
        refused = operator.post(NEW, **entered)
        assert (refused.status_code, why in refused.text) == (status, True), text_of(refused)
        assert f'value="{html.escape(entered["name"])}"' in refused.text
        assert ('<option value="ecommerce" selected>' in refused.text) is (entered["preset"] == "ecommerce")
        operator.language = "ja"
        assert in_japanese in operator.post(NEW, **entered).text
    assert [row.app_id for row in applications.list_(database)] == [application.app_id]


def test_nobody_else_makes_one(
    managing: Managing, database: Database, application: Application, application_key: str, operator: Browsing
) -> None:
    owner = Browsing(managing)
    owner.sign_in(application_key)
    for answer in (owner.get(NEW), owner.post(NEW, **FORM, name="Mine")):
        assert (answer.status_code, heading(answer)) == (404, "Not found")
    assert operator.post(NEW, headers={"Sec-Fetch-Site": "cross-site"}, **FORM, name="Forged").status_code == 403
    assert [row.app_id for row in applications.list_(database)] == [application.app_id]

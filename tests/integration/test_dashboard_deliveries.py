"""What was sent to a webhook, in the browser: listed by state and page, looked at, sent again; the webhook changed."""

import html
import re
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tests.support.raw_hits import execute
from tests.support.registered_webhooks import audited, register, write_failed
from tracker.application import Application
from tracker.dashboard.mount import LARGER_BODIES
from tracker.management import applications, keys, webhook_deliveries, webhooks
from tracker.outbox.event_types import EVERYTHING, NAMES
from tracker.receiver.app import max_body_of
from tracker.ssrf_guard.urls import MAX_URL_LENGTH
from tracker.store.database import Database

HOME = "/dashboard/applications/shop/webhooks"
URL = "https://user:password@hooks.example.com/in/T0123/0123456789secret?key=secret"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def webhook(database: Database, application: Application) -> UUID:
    return register(database, application, "session.started", "tracking.buy", url=URL)


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"/deliveries/(\d+)\"", page)]


def test_deliveries_are_listed_by_state_a_page_after_the_other(
    owner: Browsing, database: Database, webhook: UUID
) -> None:
    assert f'href="{HOME}/{webhook}"' in owner.get(HOME).text
    assert "<title>Deliveries · Shop" in owner.get(f"{HOME}/{webhook}").text
    assert "Nothing has been sent to it yet." in text_of(owner.get(f"{HOME}/{webhook}"))
    ids = [write_failed(database, webhook, event=f"tracking.{HOSTILE}") for _ in range(53)]
    execute(database, "UPDATE webhook_deliveries SET state = 'waiting', finished_at = NULL WHERE id = %s", ids[0])
    first = owner.get(f"{HOME}/{webhook}")
    assert listed(first.text) == ids[:2:-1]
    assert [part for part in (HOSTILE, "password", "9secret", "key=") if part in first.text] == []
    [further] = {html.unescape(link) for link in re.findall(r'href="(\?before=[^"]*)"', first.text)}
    last = owner.get(f"{HOME}/{webhook}{further}")
    assert listed(last.text) == ids[2::-1]
    assert (f'href="{HOME}/{webhook}">To the first page' in last.text, 'href="?before=' in last.text) == (True, False)
    assert listed(owner.get(f"{HOME}/{webhook}?state=waiting").text) == ids[:1]
    assert "There are none of this state." in owner.get(f"{HOME}/{webhook}?state=delivered").text
    failed = owner.get(f"{HOME}/{webhook}?state=failed").text
    assert (len(listed(failed)), f"?state=failed&amp;before={ids[3]}" in failed) == (50, True)
    for odd in ("?state=<b>", "?before=-1", "?before=" + "9" * 40):
        assert listed(owner.get(f"{HOME}/{webhook}{odd}").text) == ids[:2:-1]


def test_how_a_webhook_fares_stands_beside_it_in_the_list_and_on_its_own_page(
    owner: Browsing, database: Database, webhook: UUID
) -> None:
    for statement, tag in (
        ("UPDATE webhooks SET failure_count = 0", '<span class="tag">active</span>'),
        ("UPDATE webhooks SET failure_count = 3, failing_since = now()", '<span class="tag warn">failing</span>'),
        ("UPDATE webhooks SET is_active = false, disabled_at = now()", '<span class="tag bad">disabled</span>'),
    ):
        execute(database, statement)
        for path in (HOME, f"{HOME}/{webhook}"):
            assert tag in owner.get(path).text, (path, statement)


def test_one_delivery_is_looked_at_and_sent_again_under_the_same_event_id(
    owner: Browsing, database: Database, application: Application, webhook: UUID
) -> None:
    delivery = write_failed(database, webhook, error=f"TLS failed: {HOSTILE}.", value=HOSTILE)
    page = owner.get(f"{HOME}/{webhook}/deliveries/{delivery}")
    [event_id] = rows(database, "SELECT event_id FROM webhook_deliveries")[0]
    said = html.unescape(text_of(page))
    for part in (f'"url": "{HOSTILE}"', f"webhook-id: {event_id}", f"TLS failed: {HOSTILE}", "120 ms"):
        assert part in html.unescape(page.text), part
    assert (HOSTILE in page.text, "password" in said, "whsec_" in said) == (False, False, False)
    owner.language = "ja"
    assert "TLSに失敗しました" in owner.get(f"{HOME}/{webhook}/deliveries/{delivery}").text
    owner.language = "en"
    sent = owner.post(f"{HOME}/{webhook}/deliveries/{delivery}", action="redeliver")
    assert (sent.status_code, sent.location) == (303, f"{HOME}/{webhook}/deliveries/{delivery}?done=again")
    [row] = webhook_deliveries.list_(database, webhook)
    assert (row.state, row.event_id) == ("waiting", event_id)
    assert [(action, after) for action, _, _, after in audited(database)][-1] == (
        *("webhook.redelivered", {"event_id": event_id}),
    )
    webhooks.disable(database, webhook, now=row.created_at)
    refused = owner.post(f"{HOME}/{webhook}/deliveries/{delivery}", action="redeliver")
    assert (refused.status_code, "enable it first" in refused.text) == (409, True)
    assert 'value="redeliver"' not in owner.get(f"{HOME}/{webhook}/deliveries/{delivery}").text
    assert owner.post(f"{HOME}/{webhook}/deliveries/{delivery + 1}", action="redeliver").status_code == 404


def test_a_delivery_that_waits_is_discarded_once_for_a_disabled_webhook_too(
    owner: Browsing, database: Database, webhook: UUID
) -> None:
    delivery = write_failed(database, webhook)
    at = f"{HOME}/{webhook}/deliveries/{delivery}"
    assert 'value="discard"' not in owner.get(at).text, "it does not wait"
    execute(database, "UPDATE webhook_deliveries SET state = 'waiting', finished_at = NULL")
    webhooks.disable(database, webhook, now=datetime.now(UTC))
    assert 'value="discard"' in owner.get(at).text
    assert owner.post(at, action="discard", headers={"Origin": "https://evil.example"}).status_code == 403
    done = owner.post(at, action="discard")
    assert (done.status_code, done.location) == (303, f"{at}?done=discarded")
    owner.language = "ja"
    page = owner.get(done.location).text
    assert [part in page for part in ("送信を取りやめました", "待機中に破棄されたため", 'value="discard"')] == [
        True,
        True,
        False,
    ]
    refused = owner.post(at, action="discard")
    assert (refused.status_code, "破棄できるのは待機中のものだけです" in refused.text) == (409, True)
    assert [action for action, *_ in audited(database)] == ["webhook.disabled", "webhook.discarded"]


def test_a_webhook_is_changed_and_given_a_new_secret_that_is_shown_once(
    owner: Browsing, database: Database, webhook: UUID
) -> None:
    page = owner.get(f"{HOME}/{webhook}").text
    assert set(re.findall(r'name="on:([^"]*)" checked', page)) == {"session.started", "tracking.buy"}
    form = {"action": "change", "url": "", "on:tracking.buy": "on", "on:batch.failed": "on"}
    assert owner.post(f"{HOME}/{webhook}", **form).location == f"{HOME}/{webhook}?done=saved"
    row = webhooks.show(database, webhook)
    assert (row.url, set(row.events)) == (URL, {"tracking.buy", "batch.failed"})
    refused = owner.post(f"{HOME}/{webhook}", **{**form, "url": "http://127.0.0.1/<b>"})
    assert (refused.status_code, 'value="http://127.0.0.1/&lt;b&gt;"' in refused.text) == (400, True)
    owner.post(f"{HOME}/{webhook}", **{**form, "url": "https://93.184.216.34/in"})
    assert webhooks.show(database, webhook).url == "https://93.184.216.34/in"
    assert owner.post(f"{HOME}/{webhook}", action="change", url="").status_code == 400, "a webhook of no events"
    made = owner.post(f"{HOME}/{webhook}", action="rotate")
    [secret] = re.findall(r"whsec_[\w+/=-]+", made.text)
    assert secret not in owner.get(f"{HOME}/{webhook}").text
    assert webhooks.show(database, webhook).previous_secret_expires_at is not None
    assert [action for action, *_ in audited(database)] == ["webhook.updated"] * 2 + ["webhook.secret_rotated"]


def test_a_stale_form_of_a_webhook_undoes_nothing(owner: Browsing, database: Database, webhook: UUID) -> None:
    def version(page: str) -> str:
        [seen] = re.findall(r'name="version" value="(\w+)"', page)
        return str(seen)

    stale = version(owner.get(f"{HOME}/{webhook}").text)
    form = {"action": "change", "url": "", "on:batch.failed": "on"}
    assert owner.post(f"{HOME}/{webhook}", version=stale, **form).status_code == 303
    theirs = {"action": "change", "url": "", "on:tracking.buy": "on"}
    for language in ("en", "ja"):
        owner.language = language
        late = owner.post(f"{HOME}/{webhook}", version=stale, **theirs)
        assert (late.status_code, set(webhooks.show(database, webhook).events)) == (412, {"batch.failed"})
        assert 'role="alert"><span lang="en">' not in late.text
        assert set(re.findall(r'name="on:([^"]*)" checked', late.text)) == {"tracking.buy"}, "what was entered stays"
    assert owner.post(f"{HOME}/{webhook}", version=version(late.text), **theirs).status_code == 303
    assert set(webhooks.show(database, webhook).events) == {"tracking.buy"}


def test_a_webhook_of_as_many_and_as_long_names_as_there_may_be_is_changed(
    owner: Browsing, managing: Managing, database: Database, webhook: UUID
) -> None:
    longest = {f"tracking.{'𠮷' * 98}{number}" for number in range(10, 60)}
    url = "https://93.184.216.34/".ljust(MAX_URL_LENGTH, "𠮷")
    fields = {"action": "change", "url": url, **{f"on:{name}": "on" for name in longest}}
    changed = owner.post(f"{HOME}/{webhook}", **fields)
    assert (changed.status_code, changed.location) == (303, f"{HOME}/{webhook}?done=saved")
    assert set(webhooks.show(database, webhook).events) == longest
    assert f'maxlength="{MAX_URL_LENGTH}"' in owner.get(f"{HOME}/{webhook}").text
    refused = owner.post(f"{HOME}/{webhook}", **fields, **{f"on:{name}": "on" for name in (EVERYTHING, *NAMES)})
    assert (refused.status_code, "It needs 1 to 50 events" in refused.text) == (400, True)
    form = {"PATH_INFO": f"{HOME}/{webhook}", "REQUEST_METHOD": "POST"}
    assert max_body_of(managing.app, LARGER_BODIES)(form) > len(urlencode(fields)), "the server takes it, too"


def test_another_applications_deliveries_are_not_there(
    owner: Browsing, managing: Managing, database: Database, webhook: UUID
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    theirs = register(database, other, "*", url="https://theirs.example.com/in")
    delivery = write_failed(database, theirs, value="their-data")
    mine = write_failed(database, webhook)
    operator, reader = Browsing(managing), Browsing(managing)
    operator.sign_in(managing.admin_token)
    reader.sign_in(keys.create(database, "shop", permissions=["stats:read"])[1])
    of_theirs, crossed = f"{HOME}/{theirs}", f"{HOME}/{webhook}/deliveries/{delivery}"
    paths = [of_theirs, f"{of_theirs}/deliveries/{delivery}", crossed, f"{HOME}/{uuid4()}"]
    for browsing in (owner, operator):
        for path in paths:
            assert browsing.get(path).status_code == 404, path
            for action in ("redeliver", "rotate", "change"):
                fields = {"action": action, "on:*": "on"}
                assert browsing.post(path, **fields).status_code in (400, 404), (path, action)
    for path in (f"{HOME}/{webhook}", f"{HOME}/{webhook}/deliveries/{mine}"):
        assert (owner.get(path).status_code, reader.get(path).status_code) == (200, 404)
        assert reader.post(path, action="rotate").status_code == 404
        assert owner.post(path, headers={"Sec-Fetch-Site": "cross-site"}, action="rotate").status_code == 403
    assert webhooks.show(database, theirs).events == ["*"]
    assert webhook_deliveries.list_(database, theirs)[0].state == "failed"
    assert audited(database) == []

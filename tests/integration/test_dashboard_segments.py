"""Saved filters: kept by who may change settings, chosen by every member, and nobody else's."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.counted import fold_everything
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.management import applications, audit, keys, segments, shares
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def counted(database: Database, redis: Connection, application: Application) -> None:
    """One hit, without which the page is that of an application in which nothing was counted."""
    enqueue(redis, [hit_of(application, 1, created_at=NOON)])
    drain(redis, database)
    fold_everything(database)


def saved(page: str) -> dict[str, str]:
    """Saved filters by their names, with where they lead."""
    listed = re.search(r'<div class="segments">.*?</div>', page, re.DOTALL)
    links = re.findall(r'<a class="segment" href="([^"]*)"[^>]*>([^<]*)</a>', listed[0]) if listed else []
    return {html.unescape(name): html.unescape(address) for address, name in links}


@pytest.mark.usefixtures("counted")
def test_what_is_chosen_is_saved_under_a_name_and_chosen_again_with_one_click(
    owner: Browsing, managing: Managing, database: Database
) -> None:
    assert 'class="segments"' not in owner.get(HOME).text, "nothing is chosen, and nothing saved"
    asked = f"{HOME}?range=30d&page.contains=%2Fblog%2F&device.is_not=phone&sources=channels"
    [filters] = re.findall(r'name="filters" value="([^"]*)"', owner.get(asked).text)
    form = {"action": "add", "filters": html.unescape(filters), "next": asked}
    made = owner.post(f"{HOME}/segments", **form, name=f" Blog {HOSTILE} ")
    assert (made.status_code, made.location) == (303, asked)
    [segment] = segments.list_(database, "shop")
    assert (segment.name, segment.filters) == (f"Blog {HOSTILE}", {"page.contains": "/blog/", "device.is_not": "phone"})
    page = owner.get(asked).text
    assert "<script>alert" not in page
    assert 'aria-current="true">Blog' in page
    assert 'name="filters"' not in page, "it is saved"
    elsewhere = owner.get(f"{HOME}?range=7d&source=Google").text
    leads = parse_qs(urlsplit(saved(elsewhere)[segment.name]).query)
    assert leads == {"range": ["7d"], "page.contains": ["/blog/"], "device.is_not": ["phone"]}
    viewer = Browsing(managing, language="ja")
    viewer.sign_in(keys.create(database, "shop", permissions=["stats:read"])[1])
    page = viewer.get(asked).text
    assert list(saved(page)) == [segment.name]
    assert 'aria-label="保存した絞り込み"' in page
    assert "/segments" not in page, "who only looks changes nothing"
    assert viewer.post(f"{HOME}/segments", **form, name="Mine").status_code == 404
    guest = Browsing(managing)
    shared = guest.get(f"/dashboard/share/{shares.create(database, 'shop', name='Board')[1]}")
    assert (shared.status_code, "Blog" in shared.text) == (200, False), "what members call their filters is theirs"
    gone = owner.post(f"{HOME}/segments", action="delete", id=str(segment.id), next=HOME)
    assert gone.status_code == 303
    assert segments.list_(database, "shop") == []
    assert [row["action"] for row in audit.list_(database, limit=50) if row["action"].startswith("segment.")] == [
        *("segment.deleted", "segment.created"),
    ]
    assert "Filters saved" in text_of(owner.get(f"{HOME}/changes"))


def test_what_are_no_filters_is_not_saved_and_there_are_so_many(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    for filters in ("", "?range=7d", "?nothing=x", "?page="):
        refused = owner.post(f"{HOME}/segments", action="add", name="x", filters=filters)
        assert refused.status_code == 400, filters
    assert owner.post(f"{HOME}/segments", action="add", name=" ", filters="?page=%2F").status_code == 400
    assert owner.post(f"{HOME}/segments", action="add", name="x", filters=f"?page={'x' * 1001}").status_code == 400
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    form = {"action": "add", "name": "x", "filters": "?page=%2F"}
    assert owner.post(f"{HOME}/segments", headers=foreign, **form).status_code == 403
    assert owner.post(f"{HOME}/segments", **form, next="https://evil.example/").location == "/dashboard"
    for number in range(1, segments.MAX_SEGMENTS):
        segments.create(database, "shop", name=str(number), filters={"page": "/"})
    owner.language = "ja"
    full = owner.post(f"{HOME}/segments", **form)
    assert (full.status_code, "20件まで" in full.text) == (409, True)
    _, stranger = applications.create(database, name="Stranger", app_id="stranger")
    other = Browsing(managing)
    other.sign_in(stranger)
    theirs = str(segments.list_(database, "shop")[0].id)
    for home in (HOME, "/dashboard/applications/stranger"):
        assert other.post(f"{home}/segments", action="delete", id=theirs).status_code == 404
    assert len(segments.list_(database, "shop")) == segments.MAX_SEGMENTS

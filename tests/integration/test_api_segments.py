"""Saved filters over HTTP: made, listed, taken away, refused, and the same that the dashboard shows."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.browsing import Browsing
from tests.support.counted import fold_everything
from tests.support.managing import Managing, data, error
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.management import applications, audit, keys, segments
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.traffic_filters import DIMENSIONS, MAX_FILTERS

PATH = "/v1/applications/shop/segments"
FILTERS = {"page.contains": "/blog/", "device.is_not": "phone"}


def test_filters_are_saved_listed_and_taken_away(
    managing: Managing, database: Database, redis: Connection, application: Application, application_key: str
) -> None:
    owner = keys.create(database, "shop", permissions=["settings:write"])[1]
    reader = keys.create(database, "shop", permissions=["stats:read"])[1]
    made = managing.post(PATH, {"name": " Blog ", "filters": FILTERS}, key=owner)
    assert made.status_code == 201
    segment = data(made)
    assert (segment["name"], segment["filters"]) == ("Blog", FILTERS)
    assert data(managing.get(PATH, key=reader)) == {"items": [segment]}
    one = managing.get(f"{PATH}/{segment['id']}", key=reader)
    assert (data(one), one.headers["ETag"]) == (segment, made.headers["ETag"])
    enqueue(redis, [hit_of(application, 1, created_at=NOON)])
    drain(redis, database)
    fold_everything(database)
    browsing = Browsing(managing)
    browsing.sign_in(application_key)
    assert ">Blog</a>" in browsing.get("/dashboard/applications/shop").text
    for refused in (
        managing.post(PATH, {"name": "x", "filters": FILTERS}, key=reader),
        managing.delete(f"{PATH}/{segment['id']}", key=reader),
    ):
        assert error(refused) == (403, "FORBIDDEN")
    late = managing.delete(f"{PATH}/{segment['id']}", key=owner, headers={"If-Match": '"0"'})
    assert error(late) == (412, "PRECONDITION_FAILED")
    assert data(managing.delete(f"{PATH}/{segment['id']}", key=owner)) == segment
    for gone in (managing.delete(f"{PATH}/{segment['id']}"), managing.get(f"{PATH}/{uuid4()}")):
        assert error(gone) == (404, "NOT_FOUND")
    assert data(managing.get(PATH)) == {"items": []}
    noted = [row["action"] for row in audit.list_(database, limit=50)]
    assert [noted.count(f"segment.{what}") for what in ("created", "deleted")] == [1, 1]


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"nothing": "x"},
        {"page.begins": "x"},
        {"page": ""},
        {"page": 1},
        {"page": "x" * 1001},
        {"page": "\0"},
        {"page": "春" * 1000, "source": "x"},
        {f"{name}.is_not": "x" for name in DIMENSIONS[: MAX_FILTERS + 1]},
        [["page", "is", "/"]],
    ],
    ids=str,
)
@pytest.mark.usefixtures("application")
def test_what_are_no_filters_is_refused(managing: Managing, filters: Any) -> None:
    assert managing.post(PATH, {"name": "x", "filters": filters}).status_code == 400
    assert data(managing.get(PATH)) == {"items": []}


@pytest.mark.usefixtures("application")
def test_they_are_so_many_and_nobody_elses(managing: Managing, database: Database) -> None:
    for number in range(segments.MAX_SEGMENTS):
        segments.create(database, "shop", name=str(number), filters=FILTERS)
    assert error(managing.post(PATH, {"name": "x", "filters": FILTERS})) == (409, "CONFLICT")
    _, stranger = applications.create(database, name="Stranger", app_id="stranger")
    theirs = segments.list_(database, "shop")[0].id
    for path in (f"{PATH}/{theirs}", f"/v1/applications/stranger/segments/{theirs}"):
        assert (managing.get(path, key=stranger).status_code, managing.delete(path, key=stranger).status_code) == (
            404,
            404,
        )
    assert len(segments.list_(database, "shop")) == segments.MAX_SEGMENTS

"""What a page in Japanese says to who writes an address that the product cannot do anything with."""

import re
import shutil
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.support.browsing import Browsing
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.traffic_filters import COMPARISONS, DIMENSIONS

APPLICATION = "/dashboard/applications/shop"
MANY = "&".join(f"{name}.{comparison}=x" for name in DIMENSIONS for comparison in COMPARISONS if comparison != "is")
ADDRESSES = (
    *(f"{APPLICATION}{page}?{time}" for page in ("", "/goals", "/quality", "/values", "/changes", "/goals.csv")
      for time in ("from=1000-01-01&to=1001-01-01", "from=yesterday", "to=5.1.2028", "from=2028-13-01&to=x")),
    *(f"{APPLICATION}{page}?{query}" for page in ("", "/goals", "/values", "/panel", "/panel.csv")
      for query in ("compare=never", "range=week", "page=%00", f"page.contains={'x' * 1001}", MANY)),
    *(f"{APPLICATION}/values?{query}" for query in ("panel=nothing", "find=%00", f"find={'x' * 201}")),
    *(f"{APPLICATION}{page}" for page in ("/panel?group=nothing", "/goals.csv?panel=nothing", "/changes?at=x&id=y")),
    *(f"{APPLICATION}/webhooks/{uuid4()}{more}" for more in ("", "?state=nothing&before=x", "/deliveries/1")),
    *("/dashboard/applications/none", "/dashboard/nothing", "/dashboard/share/none", "/dashboard/invitation/none"),
    *("/dashboard/operations/hit?id=none", f"/dashboard/operations/hit?id={uuid4()}", "/dashboard/files/x/none"),
    *("/dashboard/operations/changes?at=x", "/dashboard?after=%00"),
)  # fmt: skip


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing, language="ja")
    opened.sign_in(managing.admin_token)
    return opened


@pytest.mark.usefixtures("application")
def test_no_page_answers_what_it_cannot_do_in_another_language(
    operator: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    refused = 0
    for path in ADDRESSES:
        answer = operator.get(path)
        assert answer.status_code < 500, path
        assert english_in(answer) == [], path
        refused += answer.status_code >= 400
    assert refused > len(ADDRESSES) / 2


def test_the_operator_is_told_in_japanese_that_the_facts_are_gone(
    operator: Browsing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    enqueue(redis, [hit_of(application, 1, created_at=NOON)])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    shutil.rmtree(settings.facts_url)
    told = operator.get(f"{APPLICATION}/values")
    assert (told.status_code, english_in(told)) == (503, [])
    assert "レポートの元になるデータが" in told.text


def english_in(page: TestResponse) -> list[str]:
    """What a page says in English: three words of it; what is code, or a permission's or a file's name, is not said."""
    if not page.content_type.startswith("text/html") or page.location:
        return []
    body = re.sub(r"(?s)<(head|header|footer|code|pre|svg|option|style)\b.*?</\1>|<[^>]*>", " ", page.text)
    return re.findall(r"[A-Za-z']+ [a-z']+ [a-z']+", body) + re.findall(r'<span lang="en">.*?</span>', page.text)

"""Visits that reach goals, and the forms that change these."""

import re
from datetime import timedelta

from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database


def visit(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    """Three visits of yesterday: all to the cart, two to the till, one thanks, with a value of 30."""
    define(database, application, "price", "number")
    google = "https://www.google.com/"
    way = [
        ("a", "/cart", google, None),
        ("a", "/till", None, None),
        ("a", "/thanks", None, {"price": 30}),
        ("b", "/cart", google, None),
        ("b", "/till", None, None),
        ("c", "/cart", None, None),
    ]
    times = [NOON - timedelta(days=1) + timedelta(minutes=number) for number in range(len(way))]
    hits = [
        hit_of(
            application,
            number,
            created_at=time,
            url=f"https://shop.example{page}",
            referrer=referrer if page == "/cart" else "https://shop.example/",
            client_sub_id=who,
            custom_params=params,
        )
        for number, (time, (who, page, referrer, params)) in enumerate(zip(times, way, strict=True), start=1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)


def version_in(page: str, thing: object) -> str:
    """The version that the form holds which changes a goal or a funnel."""
    [version] = re.findall(rf'name="id" value="{thing}"><input type="hidden" name="version" value="(\w+)"', page)
    return str(version)

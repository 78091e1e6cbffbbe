"""What a page keeps until it can be sent, and what of it came through."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.gate import Gate

_WAITING = (
    """Object.keys(localStorage).filter(key => key.includes('.hit.')).map(key => JSON.parse(localStorage[key]))"""
)


def waiting(page: Page) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = page.evaluate(_WAITING)
    return entries


def wait_until_waiting(page: Page, count: int) -> None:
    page.wait_for_function(f"{_WAITING}.length === {count}")


def names(rows: list[dict[str, Any]]) -> list[str]:
    """Sorted: of hits that a browser sends at the same moment the second may arrive first."""
    return sorted(row["event_name"] for row in rows)


def event_ids(gate: Gate) -> list[str]:
    return [hit["event_id"] for hit in gate.hits]

"""Made-up visits to a made-up shop: what the demo sends and what the development servers live on."""

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

Payload = dict[str, Any]

_SHOP = "https://shop.example"
_PRODUCTS = (
    ("P-1001", "Kettle", "kitchen", 39.9),
    ("P-1002", "Toaster", "kitchen", 54.0),
    ("P-2001", "Desk lamp", "lighting", 24.5),
    ("P-2002", "Lantern", "lighting", 18.0),
    ("P-3001", "Notebook", "paper", 4.2),
)
_PLACES = (
    ("en-GB", "Europe/London"),
    ("en-US", "America/New_York"),
    ("de-DE", "Europe/Berlin"),
    ("ja-JP", "Asia/Tokyo"),
    ("fr-FR", "Europe/Paris"),
)
_PLACE_WEIGHTS = (5, 4, 3, 3, 1)
_INTO_THE_CART = 0.4
_TO_THE_CHECKOUT = 0.5
_MOZILLA = "Mozilla/5.0"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
_DEVICES = (
    ("1920x1080", f"{_MOZILLA} (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36"),
    ("412x915", f"{_MOZILLA} (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36"),
    ("390x844", f"{_MOZILLA} (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI}"),
    ("1366x768", f"{_MOZILLA} (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36 Edg/142.0.0.0"),
    ("2560x1440", f"{_MOZILLA} (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
)
_DEVICE_WEIGHTS = (6, 5, 4, 2, 2)
_NEWSLETTER = "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn"
_ARRIVALS = (
    ("", ""),
    ("https://www.google.com/", ""),
    ("https://www.bing.com/", ""),
    ("https://t.co/", ""),
    ("https://chatgpt.com/", ""),
    ("https://kitchens.example/best-kettles", ""),
    ("", _NEWSLETTER),
)
_ARRIVAL_WEIGHTS = (6, 7, 2, 2, 1, 2, 3)
_QUIETEST_HOUR = 3
_SATURDAY = 5
_OF_A_WEEKEND = 0.6
_SECONDS_A_PAGE = 45.0


class Visitors:
    """An endless stream of page views of many visitors; the same seed gives the same stream."""

    def __init__(self, seed: int, *, at_once: int = 12) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made-up visits need to be repeatable, not secret
        self._visits = [self._visit() for _ in range(at_once)]

    def page_view(self, app_id: str) -> Payload:
        """Return the next page view, as the JSON of `POST /v1/track`."""
        place = self._random.randrange(len(self._visits))
        page = next(self._visits[place], None)
        while page is None:
            self._visits[place] = self._visit()
            page = next(self._visits[place], None)
        return {"app_id": app_id, **page}

    def past(self, app_id: str, now: datetime, *, days: int, visits: int) -> list[Payload]:
        """Return the page views of so many visits in the days before `now`, the oldest first.

        For `POST /v1/track/batch` with a key that may say when a hit happened and who the visitor was.
        """
        views: list[tuple[datetime, Payload]] = []
        while visits:
            at = now - timedelta(seconds=self._random.uniform(60, days * 86_400))
            if self._random.random() > _busy(at):
                continue
            visits -= 1
            for page in self._visit():
                views.append((at, page))
                at += timedelta(seconds=self._random.expovariate(1 / _SECONDS_A_PAGE))
        views.sort(key=itemgetter(0))
        return [{"app_id": app_id, **page, "timestamp": at.isoformat()} for at, page in views if at < now]

    def _visit(self) -> Iterator[Payload]:
        """One visitor's way: a few products, perhaps the cart, perhaps the checkout."""
        customer = self._random.randrange(500)
        of_this_one = random.Random(customer)  # noqa: S311 as above; a visitor has one language and one device
        (language, timezone), (screen, user_agent) = (
            of_this_one.choices(_PLACES, _PLACE_WEIGHTS)[0],
            of_this_one.choices(_DEVICES, _DEVICE_WEIGHTS)[0],
        )
        referrer, query = self._random.choices(_ARRIVALS, _ARRIVAL_WEIGHTS)[0]
        visitor = {
            "session_id": f"visit-{UUID(int=self._random.getrandbits(128))}",
            "client_sub_id": f"visitor-{customer}",
            "language": language,
            "timezone": timezone,
            "screen_resolution": screen,
            "user_agent": user_agent,
        }
        arrival = {**visitor, **({"referrer": referrer} if referrer else {})}
        yield {**arrival, **_page(f"/{query}", "page_view", {"page_type": "home"})}
        visitor["referrer"] = f"{_SHOP}/"
        basket: list[float] = []
        for _ in range(self._random.randint(1, 5)):
            number, name, category, price = self._random.choice(_PRODUCTS)
            shown = {"product_id": number, "product_name": name, "product_category": category, "product_price": price}
            yield {**visitor, **_page(f"/products/{number}", "page_view", {"page_type": "product_detail", **shown})}
            visitor["referrer"] = f"{_SHOP}/products/{number}"
            if self._random.random() < _INTO_THE_CART:
                basket.append(price)
                yield {**visitor, **_page("/cart", "add_to_cart", {"page_type": "cart", **_sum(basket)})}
        if basket and self._random.random() < _TO_THE_CHECKOUT:
            segment = self._random.choice(("premium", "regular"))
            bought = {"page_type": "checkout", "user_segment": segment, **_sum(basket)}
            yield {**visitor, **_page("/checkout", "purchase", bought)}


def _busy(at: datetime) -> float:
    """Return how busy an hour is, between 0 and 1: least at night, and less on a weekend."""
    by_hour = 0.55 - 0.45 * math.cos((at.hour - _QUIETEST_HOUR) / 24 * math.tau)
    return by_hour * (_OF_A_WEEKEND if at.weekday() >= _SATURDAY else 1)


def _sum(basket: list[float]) -> Payload:
    return {"cart_total": round(sum(basket), 2), "cart_item_count": len(basket)}


def _page(path: str, event_name: str, parameters: Payload) -> Payload:
    return {"url": f"{_SHOP}{path}", "event_name": event_name, "custom_params": parameters}

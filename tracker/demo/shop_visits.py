"""Made-up visits to a made-up shop: what the demo sends and what the development servers live on."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

Payload = dict[str, Any]

_PRODUCTS = (
    ("P-1001", "Kettle", "kitchen", 39.9),
    ("P-1002", "Toaster", "kitchen", 54.0),
    ("P-2001", "Desk lamp", "lighting", 24.5),
    ("P-2002", "Lantern", "lighting", 18.0),
    ("P-3001", "Notebook", "paper", 4.2),
)
_LANGUAGES = ("en-GB", "de-DE", "ja-JP", "fr-FR")
_INTO_THE_CART = 0.4
_TO_THE_CHECKOUT = 0.5
_SCREENS = ("1920x1080", "1366x768", "390x844")


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

    def _visit(self) -> Iterator[Payload]:
        """One visitor's way: a few products, perhaps the cart, perhaps the checkout."""
        visitor = {
            "session_id": f"visit-{UUID(int=self._random.getrandbits(128))}",
            "client_sub_id": f"visitor-{self._random.randrange(500)}",
            "language": self._random.choice(_LANGUAGES),
            "screen_resolution": self._random.choice(_SCREENS),
        }
        basket: list[float] = []
        for _ in range(self._random.randint(1, 5)):
            number, name, category, price = self._random.choice(_PRODUCTS)
            shown = {"product_id": number, "product_name": name, "product_category": category, "product_price": price}
            yield {**visitor, **_page(f"/products/{number}", "page_view", {"page_type": "product_detail", **shown})}
            if self._random.random() < _INTO_THE_CART:
                basket.append(price)
                yield {**visitor, **_page("/cart", "add_to_cart", {"page_type": "cart", **_sum(basket)})}
        if basket and self._random.random() < _TO_THE_CHECKOUT:
            segment = self._random.choice(("premium", "regular"))
            bought = {"page_type": "checkout", "user_segment": segment, **_sum(basket)}
            yield {**visitor, **_page("/checkout", "purchase", bought)}


def _sum(basket: list[float]) -> Payload:
    return {"cart_total": round(sum(basket), 2), "cart_item_count": len(basket)}


def _page(path: str, event_name: str, parameters: Payload) -> Payload:
    return {"url": f"https://shop.example{path}", "event_name": event_name, "custom_params": parameters}

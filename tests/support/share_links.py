"""Share links, made by their owner in the browser."""

import re

from tests.support.browsing import Browsing, text_of


def share(owner: Browsing, **fields: str) -> str:
    """A link of the application `shop`: the path that it leads to."""
    made = owner.post("/dashboard/applications/shop/access", action="share", **{"name": "For <b>us</b>", **fields})
    assert made.status_code == 200, text_of(made)
    assert made.headers["Cache-Control"] == "no-store"
    [path] = set(re.findall(r"http://localhost(/dashboard/share/[\w-]{43})", made.text))
    return path

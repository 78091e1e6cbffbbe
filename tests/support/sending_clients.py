"""`python sending_clients.py URL`: the Python clients of other trackers, against the tracker at URL.

It runs with the clients' own packages, not with the project's.
"""

import json
import sys

import segment.analytics as segment
import umami
from matomopy.tracking import MatomoTracker


def main(base: str) -> None:
    """Send a few hits with each client and print what the clients say."""
    said: dict[str, object] = {}
    umami.set_url_base(base)
    umami.set_website_id("94db1cb1-74f4-4a40-ad6c-962362670409")
    umami.set_hostname("shop.example")
    umami.new_event("umami python", title="Page", url="/python", custom_data={"plan": "pro"})
    segment.write_key, segment.host = "their-write-key", base
    segment.on_error = lambda error, _: said.update(error=str(error))
    segment.track("visitor-4", "segment python", {"plan": "pro"})
    segment.flush()
    segment.shutdown()
    matomo = MatomoTracker(base, 7)
    matomo.set_url("https://shop.example/matomopy").set_user_id("visitor-5").set_custom_dimension(1, "gold")
    matomo.track_ecommerce_order("A1", 20.5, items=[("SKU", "Shoe", ["red"], 10.25, 2)])
    matomo.enable_bulk_tracking()
    matomo.track_page_view("Page")
    matomo.track_event("video", "matomopy event", "intro", 9.5)
    said["bulk"] = matomo.flush()
    sys.stdout.write(json.dumps(said))


main(sys.argv[1])

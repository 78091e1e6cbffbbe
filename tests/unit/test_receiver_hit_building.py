"""An entry is made without the hit that it encodes; it is the same."""

from datetime import UTC, datetime
from uuid import uuid4

import orjson

from tracker.application import Application
from tracker.hit import Hit
from tracker.privacy.anonymization import Privacy
from tracker.receiver.hit_building import build_entry
from tracker.web.request_headers import UNNAMED, Sender

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
SHOP = Application(id=uuid4(), app_id="shop", status="active", deleted=False, rate_limit_per_minute=1000)
FIELDS = {
    "client_sub_id": "visitor",
    "module_id": "shop",
    "url": "https://shop.example/é?a=1",
    "referrer": "https://shop.example/",
    "session_id": "s",
    "screen_resolution": "1x1",
    "language": "ja",
    "timezone": "Asia/Tokyo",
    "event_name": "page_view",
    "event_data": {"a": [1, None, "é"]},
    "custom_params": {"page_type": "list"},
}


def test_an_entry_holds_the_hit_as_it_encodes_itself() -> None:
    privacy = Privacy.of({"ip_anonymization": "none"})
    for fields, sender in ((FIELDS, Sender("203.0.113.9", "Own/1")), ({}, UNNAMED)):
        entry, happened_at = build_entry(SHOP, dict(fields), sender, privacy, hit_id=7, now=NOW, max_retries=3)
        hit = Hit.decode(entry.tracking_data)
        assert hit == Hit(
            id=7,
            created_at=NOW,
            application_id=SHOP.id,
            app_id="shop",
            ip_address=sender.ip_address,
            user_agent=sender.user_agent,
            **fields,  # type: ignore[arg-type]
        )
        # A time may be written with Z or with +00:00; that it is the same was seen above.
        written, encoded = orjson.loads(entry.tracking_data), orjson.loads(hit.encode())
        assert {**written, "created_at": None} == {**encoded, "created_at": None}
        assert (entry.id, happened_at) == (hit.tracking_id, NOW)

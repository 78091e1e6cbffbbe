"""OpenTelemetry's own exporters, run with their packages: a page view as a web server logs it, and an event.

As arguments the receiver's address, a key, and `json` or `protobuf`. What the exporter said comes out as JSON.
"""

import json
import logging
import sys
from time import time_ns

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

base, key, form = sys.argv[1:]
if form == "json":
    from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

said: list[str] = []


class Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        said.append(record.getMessage())


logging.getLogger().addHandler(Listener())
provider = LoggerProvider(resource=Resource({"server.address": "shop.example"}))
exporter = OTLPLogExporter(endpoint=f"{base}/v1/logs", headers={"X-API-Key": key})
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
logger = provider.get_logger("web")
hour_ago = time_ns() - 3_600_000_000_000
request = {
    "http.request.method": "GET",
    "url.path": "/a",
    "url.query": "x=1",
    "client.address": "198.51.100.7",
    "user_agent.original": "Mozilla/5.0 Browser/1",
    "http.request.header.referer": ["https://search.example/"],
    "http.request.header.accept-language": ["de-AT,de;q=0.7"],
    "log.record.uid": "01KB6K0000000000000000000A",
}
for _ in range(2):  # Told twice, it is one hit.
    logger.emit(LogRecord(timestamp=hour_ago, body="GET /a", attributes=request))
logger.emit(
    LogRecord(
        timestamp=hour_ago,
        event_name="signup",
        body={"price": 9.5},
        attributes={"plan": "pro", "seats": 3, "session.id": "s1", "user.id": "u1", "cp.page_type": "form"},
    )
)
provider.shutdown()
json.dump(said, sys.stdout)

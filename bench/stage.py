"""What every row stands on: PostgreSQL and Valkey of our own, durable, migrated, with one application that has
parameters defined; and the few ways in which rows fill, empty and count."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.errors import DeadlockDetected
from redis import Redis

from bench import hits, processes
from bench.errors import NotMeasured
from tracker.application import Application
from tracker.embedded import Postgres, Valkey
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import connect
from tracker.queueing.entry import Entry
from tracker.queueing.overflow import OVERFLOWING, all_streams, share_key
from tracker.queueing.producer import Producer

DATABASE = "bench"
_RETRIES = "tracker:hits:retries"
_BARE_STREAM = "bench:bare"
_RATE_LIMIT = 2_000_000_000
_FILL = 500
_COUNTED = ("access_logs", "custom_parameter_values", "sessions")
_STATISTICS = ("increments", "visitors", "sessions", "values", "periods")
_EMPTIED = (
    *_COUNTED,
    "batch_jobs",
    "batch_queue",
    "custom_parameter_refusals",
    "hourly_statistics",
    "daily_statistics",
    *(f"statistics_{kind}" for kind in _STATISTICS),
)
_DRY_SECONDS = 300.0
_TRIES = 10
"""To empty the tables beside a scheduler at work."""
_FILL_ACCESS_LOGS = """
INSERT INTO access_logs (id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address,
    session_id, screen_resolution, language, timezone, event_name, custom_params, created_at)
SELECT 246751432950471256 + n::bigint * 65536, %(application_id)s, 'bench', 'visitor-' || n %% 250, 'storefront',
    'https://shop.example/products/' || n %% 1000 || '?ref=list&page=' || n %% 7,
    'https://shop.example/categories/' || n %% 12,
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
    ('192.0.2.' || n %% 250)::inet, 's-' || n / 10, '1920x1080', 'en-GB', 'Europe/London', 'page_view',
    jsonb_build_object('page_type', 'product_detail', 'product_id', 'PROD-' || n %% 1000, 'product_price', n %% 1000),
    date_trunc('day', now()) - interval '1 day' + n * (now() - date_trunc('day', now()) + interval '1 day') / %(count)s
FROM generate_series(0, %(count)s - 1) AS n
"""


class Stage:
    """The servers of a run, and the product at `project` on them.

    `sustained_rate` is what one row found out and others build on (hits a second). `other` is the stage of the build
    that this one is held against.
    """

    def __init__(self, folder: Path, postgres: Postgres, valkey: Valkey, project: Path) -> None:
        self.folder, self.project = folder, project
        self.other: Stage | None = None
        self._database_url = postgres.url_of(DATABASE)
        self.environment = {
            "DATABASE_URL": self._database_url,
            "REDIS_URL": valkey.url,
            "TRACKER_FACTS_URL": str(folder / "facts"),
            "TRACKER_QUEUE_LIMIT": "10000000",
            "TRACKER_LOG_FORMAT": "json",
        }
        self.sustained_rate: float | None = None
        self._command("migrate")
        created = orjson.loads(
            self._command(
                "apps", "create", "--name", "Bench", "--app-id", hits.APP_ID, "--rate-limit", str(_RATE_LIMIT),
                "--preset", "ecommerce", "--json",
            )
        )  # fmt: skip
        self.application_id: str = created["id"]
        self.key: str = created["api_key"]
        self.environment["BENCH_APPLICATION_ID"] = self.application_id
        self._redis: Redis = connect(valkey.url, name="bench")
        self._connection: psycopg.Connection[Any] = psycopg.connect(self._database_url, autocommit=True)

    def close(self) -> None:
        self._connection.close()
        self._redis.close()

    def log(self, name: str) -> Path:
        """The file for the output of a process called `name`."""
        return self.folder / f"{name}.log"

    def fill_stream(self, count: int) -> None:
        """`count` accepted hits into the queue, through the product's own producer."""
        producer = Producer(self._redis, queue_limit=10 * count)
        made = list(hits.accepted(count, 0, self.application_id))
        application = Application(
            id=UUID(self.application_id), app_id=hits.APP_ID, status="active", deleted=False, rate_limit_per_minute=0
        )
        for at in range(0, count, _FILL):
            batch = made[at : at + _FILL]
            entries = [
                Entry(
                    id=hit.tracking_id, tracking_data=hit.encode(), created_at=hit.created_at, updated_at=hit.created_at
                )
                for hit in batch
            ]
            producer.enqueue(Offer(application, entries, batch[0].created_at, is_limited=False))

    def fill_access_logs(self, count: int) -> None:
        """`count` stored hits of yesterday and today, as the traffic brings them; only `access_logs` has them."""
        self._connection.execute(_FILL_ACCESS_LOGS, {"application_id": self.application_id, "count": count})
        self._connection.execute("VACUUM (ANALYZE) access_logs")

    def copy_out(self, columns: str, file: Path) -> None:
        """Write all stored hits as COPY has them."""
        statement = f"COPY (SELECT {columns} FROM access_logs ORDER BY created_at, id) TO STDOUT".encode()
        with file.open("wb") as rows, self._connection.cursor().copy(statement) as copy:
            rows.writelines(copy)

    def empty_streams(self) -> None:
        """Nothing waits, neither for the workers nor in the baseline's stream."""
        noted = (OVERFLOWING, share_key(UUID(self.application_id)))
        self._redis.delete(*all_streams(self._redis), *noted, _RETRIES, _BARE_STREAM)

    def empty_tables(self) -> None:
        """No hit is stored, and the write-ahead log of what was stored before is behind.

        A scheduler that runs holds one of the tables and waits for the next now and then: either may be ended.
        """
        for _ in range(_TRIES):
            with suppress(DeadlockDetected):
                self._connection.execute(f"TRUNCATE {', '.join(_EMPTIED)}")
                break
        else:
            raise NotMeasured(f"the tables could not be emptied in {_TRIES} tries: a scheduler holds them")
        self._connection.execute("CHECKPOINT")

    def waiting(self) -> int:
        """Accepted hits that are not stored yet."""
        pipeline = self._redis.pipeline(transaction=False)
        for stream in all_streams(self._redis):
            pipeline.xlen(stream)
        pipeline.zcard(_RETRIES)
        return sum(pipeline.execute())

    def in_streams(self) -> int:
        """Hits in the product's streams and in the baseline's; where no worker runs, all that were accepted."""
        return self.waiting() + int(self._redis.xlen(_BARE_STREAM))

    def wait_until_dry(self) -> None:
        deadline = time.monotonic() + _DRY_SECONDS
        while self.waiting():
            if time.monotonic() > deadline:
                raise NotMeasured(f"{self.waiting()} hits still wait after {_DRY_SECONDS:.0f} s")
            time.sleep(0.05)

    def stored(self) -> int:
        return self._count("access_logs")

    def table_counts(self) -> dict[str, int]:
        return {table: self._count(table) for table in _COUNTED}

    def _count(self, table: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0]) if row else 0

    def _command(self, *arguments: str) -> bytes:
        return processes.printed_by(
            ["-m", "tracker", *arguments], environment=self.environment, timeout=120, folder=self.project
        )


@contextmanager
def ready(folder: Path, project: Path = processes.PROJECT) -> Iterator[Stage]:
    """Start both servers below `folder` with fsync and append-only file on, and stop them after the block."""
    with Postgres(folder / "postgres") as postgres, Valkey(folder / "valkey") as valkey:
        postgres.create_database(DATABASE)
        stage = Stage(folder, postgres, valkey, project)
        try:
            yield stage
        finally:
            stage.close()

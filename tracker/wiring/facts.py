"""Where the facts are, as this process sees them: a folder, or a bucket and the copies of its files."""

from pathlib import Path

from tracker.config import Settings
from tracker.facts import command_copies
from tracker.facts.bucket import S3Bucket
from tracker.facts.bucket_folder import BucketFolder
from tracker.facts.folder import Folder
from tracker.store import archived_hits, facts_files
from tracker.store.database import Database


def facts_folder(settings: Settings, database: Database, *, is_command: bool = False) -> Folder:
    """Return the place that TRACKER_FACTS_URL names. Nothing is looked at before it is needed.

    Copies are looked after from now on, as a process before may have left some. Those that a command makes go with it:
    nobody would look whether they are facts still.
    """
    if isinstance(settings.facts_url, Path):
        return Folder(settings.facts_url)

    def present(names: list[str]) -> set[str]:
        with database.transaction() as tx:
            return facts_files.present(tx, names) | archived_hits.known(tx, names)

    bucket = S3Bucket(settings.facts_url)
    if is_command:
        return BucketFolder(bucket, command_copies.make_folder(), present)
    folder = BucketFolder(bucket, settings.facts_cache, present, max_bytes=settings.facts_cache_megabytes * 1_000_000)
    folder.watch()
    return folder


def look_after_copies(settings: Settings) -> None:
    """Look after the copies that a process before has left, though nobody may ever ask for reports in this one."""
    if not isinstance(settings.facts_url, Path):
        facts_folder(settings, Database(settings.database_url, name="tracker-copies", connections=1))

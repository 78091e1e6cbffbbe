"""Every curl line of the documents, run as it stands there: the answers have the status that the documents say."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import PROJECT
from tests.support.needed import need
from tests.support.serving import Serving, serving
from tracker.application import Application
from tracker.config import Settings
from tracker.management import applications
from tracker.store.database import Database

DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
ADDRESSES = r"http://127\.0\.0\.1:8000|http://localhost:8000|https://tracker\.example"
METRICS_TOKEN = "the token of the scraper"
APPLICATIONS = ("my-shop", "my-site", "shop")
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(curl (?:'[^']*'|\"[^\"]*\"|\\\n|[^'\"\n#])*)(#.*)?$", re.MULTILINE)
"""A command to its end, over lines that go on with a backslash or within quotes, and the comment behind it."""
CURL_OPTIONS = 'silent\nshow-error\nwrite-out = "\\n%{http_code}"\nmax-time = 60\n'


@dataclass(frozen=True)
class Example:
    """A command of a document, and the status that is said there."""

    document: Path
    command: str
    status: int


def examples() -> Iterator[Example]:
    for document in DOCUMENTS:
        for block in BLOCK.findall(document.read_text()):
            for command, comment in COMMAND.findall(block):
                said = re.fullmatch(r"# ?([1-5]\d\d)\b.*", comment)
                yield Example(document, command.rstrip(), int(said[1]) if said else 200)


EXAMPLES = list(examples())


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Serving]:
    need(shutil.which("curl"), "curl is not installed: apt-get install curl")
    with serving({**environment, "TRACKER_METRICS_TOKEN": METRICS_TOKEN}, tmp_path) as running:
        yield running


def test_every_example_is_found() -> None:
    for document in DOCUMENTS:
        blocks = "".join(BLOCK.findall(document.read_text()))
        of_document = [example for example in EXAMPLES if example.document == document]
        assert len(re.findall(r"^(?:\$ )?curl\b", blocks, re.MULTILINE)) == len(of_document), document
    assert len([example for example in EXAMPLES if example.document.name == "api.md"]) >= 9


@pytest.fixture
def keys(database: Database, application: Application, application_key: str) -> dict[str, str]:
    """The applications that the documents speak of, each with the key that it was made with."""
    made = {application.app_id: application_key}
    for app_id in set(APPLICATIONS) - set(made):
        made[app_id] = applications.create(database, name=app_id, app_id=app_id)[1]
    return made


def test_every_example_is_answered_as_the_documents_say(
    server: Serving, settings: Settings, keys: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / ".curlrc").write_text(CURL_OPTIONS)
    etag = ""
    for example in EXAMPLES:
        key = next((keys[app_id] for app_id in APPLICATIONS if app_id in example.command), keys["shop"])
        tokens = {"TRACKER_ADMIN_TOKEN": str(settings.admin_token), "TRACKER_METRICS_TOKEN": METRICS_TOKEN}
        given = {**tokens, "KEY": key, "API_KEY": key, "ETAG": etag}
        command = re.sub(ADDRESSES, f"http://127.0.0.1:{server.port}", example.command)
        finished = subprocess.run(
            ["sh", "-c", command],
            env={**given, "HOME": str(tmp_path), "PATH": os.defpath},
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
        )
        answer, _, status = finished.stdout.rpartition("\n")
        assert int(status) == example.status, f"{example.document.name}: {example.command}\n{answer}"
        assert "\nx-tracker-error" not in answer.lower(), f"{example.document.name}: {example.command}\n{answer}"
        etag = next(iter(re.findall(r"(?im)^etag: (\S+)", answer)), etag)

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(REPOSITORY / "pyproject.toml")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "PYTHONPATH": str(folder), "COLUMNS": "120"},
    )


def test_every_import_contract_is_kept() -> None:
    done = lint_imports(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("importing", "imported", "broken"),
    [
        ("hit.py", "psycopg", "PostgreSQL's libraries have one package"),
        ("receiver/app.py", "rq", "Redis and RQ have one package"),
        ("store/queries.py", "flask", "Flask and what belongs to it have three packages"),
        ("ingest/write.py", "click", "The terminal has one package"),
        ("receiver/app.py", "tracker.ingest.write", "packages of one line never import each other"),
        ("store/queries.py", "tracker.queueing.entry", "packages of one line never import each other"),
        ("errors.py", "tracker.hit", "High may import low"),
        ("wiring/__init__.py", "requests", "What sends webhooks has one package"),
        (
            "outbox/payload.py",
            "cryptography",
            "Ciphers and certificates have a module each",
        ),
        ("api/answers.py", "jinja2", "Templates and signed cookies have one package"),
        ("wiring/__init__.py", "psycopg_pool", "is imported nowhere"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, importing: str, imported: str, broken: str) -> None:
    """The contracts are not empty words: a copy of the tree with one bad import breaks the right one."""
    for path in (REPOSITORY / "tracker").rglob("*.py"):
        copy = tmp_path / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    changed = tmp_path / "tracker" / importing
    changed.write_text(changed.read_text() + f"\nimport {imported}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(broken in line and "BROKEN" in line for line in done.stdout.splitlines()), done.stdout

"""Templates of the dashboard: compiled before the processes that serve are forked."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from tests.support.settings_of import settings_of
from tracker.dashboard import page
from tracker.dashboard.page import TRAFFIC_PAGE
from tracker.wiring import receiver


def test_the_traffic_page_is_compiled_before_the_processes_are_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page._environment.cache_clear()
    receiver.pages(settings_of("postgresql://unused/unused", "redis://unused", tmp_path))
    kept = page._environment()
    monkeypatch.setattr(Environment, "compile", lambda *_, **__: pytest.fail("compiled when the page was asked for"))
    names = [Path(template.filename or "").name for template in _reached(kept, TRAFFIC_PAGE)]
    assert {TRAFFIC_PAGE, "application_base.html", "base.html", "panel.html", "traffic.html"} <= set(names)


def _reached(environment: Environment, first: str) -> list[Any]:
    """Return the templates that one extends or includes, as it is rendered."""
    names = [first]
    for name in names:
        source, _, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
        names += [one for one in page.find_referenced_templates(environment.parse(source)) if one and one not in names]
    return [environment.get_template(name) for name in names]

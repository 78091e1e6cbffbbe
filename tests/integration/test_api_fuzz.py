"""The API against its own document: what schemathesis makes of it, with every check that applies, within a minute."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import hypothesis
import pytest

from tests.support.facts import make_facts
from tests.support.managing import Managing, data
from tracker.application import Application
from tracker.config import Settings
from tracker.store.database import Database

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
"""Of each operation, in each of the two ways; `make fuzz` asks for many more."""

TOO_LARGE = 413
"""A good answer to what the document forbids, where that is also too large; schemathesis does not expect it."""


@pytest.fixture
def managing(settings: Settings) -> Iterator[Managing]:
    api = Managing(replace(settings, webhook_allowed_networks=(ip_network("127.0.0.0/8"),)))
    yield api
    api.close()


def test_the_document_is_one_of_openapi(managing: Managing) -> None:
    """Generators of clients refuse one that is not, however small the fault."""
    from tests.support import fuzzing

    fuzzing.document(managing, {}).validate()


@pytest.mark.slow
@pytest.mark.timeout(0 if "FUZZ_EXAMPLES" in os.environ else 300)
def test_the_api_answers_as_its_document_says(
    managing: Managing, application: Application, database: Database, settings: Settings
) -> None:
    from tests.support import fuzzing  # Loads schemathesis, which no other test needs: that takes a second.

    make_facts(database, settings.facts_url)
    app = "/v1/applications/shop"
    key = data(managing.post(f"{app}/api-keys", {"permissions": ["track"]}))
    managing.put(f"{app}/custom-parameters/colour", {"parameter_type": "string"})
    webhook = data(managing.post(f"{app}/webhooks", {"url": "https://127.0.0.1:9443/", "events": ["*"]}))
    goal = data(managing.post(f"{app}/goals", {"name": "Goal", "step": "page:/"}))
    funnel = data(managing.post(f"{app}/funnels", {"name": "Way", "steps": ["page:/", "event:buy"]}))
    segment = data(managing.post(f"{app}/segments", {"name": "Blog", "filters": {"page.contains": "/blog/"}}))
    names = {"application": "shop", "key_id": key["id"], "key": "colour", "webhook_id": webhook["id"], "name": "news"}
    names |= {"goal_id": goal["id"], "funnel_id": funnel["id"], "segment_id": segment["id"]}
    schema = fuzzing.document(managing, names)
    failures: dict[str, str] = {}
    calls = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label == "DELETE /v1/applications/{application}":
            continue  # With it, nothing would be left to ask about.
        for mode in fuzzing.BOTH_WAYS:

            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            @hypothesis.settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize="FUZZ_EXAMPLES" not in os.environ,
                suppress_health_check=list(hypothesis.HealthCheck),
                phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            )
            def one_operation(case: Any) -> None:
                nonlocal calls
                calls += 1
                answer = case.call(headers={"Authorization": f"Bearer {managing.admin_token}"})
                if answer.status_code == TOO_LARGE or [] in (case.query or {}).values():
                    return  # A parameter that is an empty list is not sent at all.
                excluded = list(fuzzing.BEYOND_THE_DOCUMENT)
                if not any(case.meta.is_negative_at(location) for location in fuzzing.SENT_AS_DRAWN):
                    excluded.append(fuzzing.negative_data_rejection)
                try:
                    case.validate_response(answer, excluded_checks=excluded)
                except fuzzing.FailureGroup as group:
                    for failure in group.exceptions:
                        sentence = f"{answer.status_code} {answer.text[:100]} to {case.as_curl_command()[:600]}"
                        failures.setdefault(f"{case.operation.label}: {failure}", sentence)

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Of the tool's own making.
                try:
                    one_operation()
                except hypothesis.errors.Unsatisfiable:
                    continue  # There is nothing that the document forbids.
    assert failures == {}
    assert calls > 80 * EXAMPLES

"""Checking: does the hit's application exist, and does it take the hit's custom parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tracker.hit import Hit
from tracker.ingest.application_lookup import Known
from tracker.ingest.parameters import check as check_parameters
from tracker.ingest.read import Failed, Read
from tracker.outbox.publish import Subscribers
from tracker.queueing.consumer import Claim


@dataclass(frozen=True, slots=True)
class Good:
    """A claim whose hit is ready to be written, with what its custom parameters came to."""

    claim: Claim
    hit: Hit
    values: Sequence[tuple[str, str | None]]
    """Key and text of each defined parameter; None for a text beyond what a day tells apart."""
    refusals: Sequence[tuple[str, str]]
    audience: Subscribers | None = None
    """The webhooks that are told of it, if any."""


def check(read: Read, known: Mapping[str, Known | None]) -> Good | Failed:
    """Check one hit; `known` holds its application."""
    hit = read.hit
    found = known[hit.app_id]
    if found is None or found.application.id != hit.application_id:
        return Failed(read.claim, "application gone", f"There is no application {hit.app_id} of the hit's id any more.")
    checked = check_parameters(hit.custom_params, found.rules, found.mode)
    if checked.rejected:
        reasons = ", ".join(f"{key} ({reason})" for key, reason in checked.refusals)
        reason = f"Custom parameters are refused, and the application rejects: {reasons}."
        return Failed(read.claim, "rejected", reason, found.audience)
    if checked.params is not hit.custom_params:
        hit = replace(hit, custom_params=checked.params)
    return Good(read.claim, hit, checked.values, checked.refusals, found.audience)

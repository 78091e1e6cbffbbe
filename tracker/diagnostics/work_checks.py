"""Whether the work gets done: workers, what waits for them, what failed, and clocks that agree."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tracker.diagnostics.finding import Finding, graded
from tracker.parameter_limits import MAX_DEFAULTS_BYTES, MAX_DEFINITIONS
from tracker.queueing.inspection import Depth
from tracker.queueing.registered_workers import RegisteredWorker
from tracker.store.facts_files import FolderState
from tracker.store.filtered_hits import RefusedCount
from tracker.store.retention_state import DeletionRefusal
from tracker.store.webhooks import WebhookRow

_SHOWN_APPLICATIONS = 3
_LIMITS = {
    "rate_limit": (
        "limit a minute",
        "Look at who sends so much, or raise it: `python -m tracker apps update APP_ID --rate-limit N`.",
    ),
    "address_limit": (
        "share of an address",
        "Set TRACKER_TRUSTED_PROXIES behind proxies; where many share an address, raise `address_share_percent`.",
    ),
    "byte_budget": (
        "bytes of the day",
        "Look at who sends so much, or raise TRACKER_DAILY_MEGABYTES and the application's `daily_megabytes`.",
    ),
}
"""For each reason under which refused hits are counted: the check's name, and what to do."""
_NAMED = 3
_STUCK_SECONDS = 30.0
"""The work of a worker that died is taken over well before."""
_LATE_SECONDS = {
    "urgent": (30.0, 300.0),
    "normal": (30.0, 300.0),
    "overflow": (300.0, 3600.0),
    "bulk": (3600.0, 86_400.0),
}
"""Ages of the oldest entry from which on a stream is worth a warning, and counts as failed."""


def about_workers(workers: Sequence[RegisteredWorker], rq_queue: str, now: datetime, *, suspended: bool) -> Finding:
    """Return whether somebody reads the RQ queue of the jobs that wake workers."""
    if suspended:
        return Finding("workers", "fail", "they are suspended, and hits wait", "Run `rq resume`.")
    alive = [worker for worker in workers if worker.reads(rq_queue, now)]
    ours = [worker for worker in alive if worker.is_ours]
    if others := [worker for worker in alive if not worker.is_ours]:
        names = ", ".join(f"{worker.name} on {worker.hostname}" for worker in others[:_NAMED])
        seen = f"{len(ours)} of ours and {len(others)} of others read the queue {rq_queue}: {names}"
        to_do = "A worker of another program takes jobs that it cannot do: give TRACKER_RQ_QUEUE a name of its own."
        return Finding("workers", "warn" if ours else "fail", seen, to_do)
    if ours:
        return Finding("workers", "ok", f"{len(ours)} read the queue {rq_queue}")
    return Finding("workers", "fail", f"none reads the queue {rq_queue}", "Start `python -m tracker worker`.")


def about_queue(depths: Sequence[Depth], queue_limit: int) -> list[Finding]:
    """Return how much waits, and for how long."""
    findings = []
    for depth in depths:
        seen = f"{depth.waiting} wait, {depth.pending} are being worked on"
        oldest = depth.oldest_seconds
        if depth.name in _LATE_SECONDS:
            warn_above, fail_above = _LATE_SECONDS[depth.name]
            findings.append(
                graded(
                    f"queue {depth.name}",
                    oldest or 0.0,
                    seen if oldest is None else f"{seen}, the oldest since {oldest:.0f} s",
                    "See that workers run and keep up; start more (`python -m tracker worker --workers N`).",
                    warn_above=warn_above,
                    fail_above=fail_above,
                )
            )
        elif depth.waiting:
            to_do = "They are tried again by themselves; `python -m tracker queue failed` lists those that give up."
            findings.append(Finding("queue retries", "warn", f"{depth.waiting} hits are being tried again", to_do))
    waiting = sum(depth.waiting + depth.pending for depth in depths)
    findings.append(
        graded(
            "queue limit",
            waiting / queue_limit,
            f"{waiting} of {queue_limit} (TRACKER_QUEUE_LIMIT)",
            "At the limit receivers answer 503: start more workers.",
            warn_above=0.5,
            fail_above=0.95,
        )
    )
    return findings


def late(depths: Sequence[Depth]) -> dict[str, float]:
    """Return the streams whose oldest entry should have been stored long ago, and its age in seconds."""
    return {
        depth.name: depth.oldest_seconds
        for depth in depths
        if depth.name in _LATE_SECONDS and depth.oldest_seconds is not None and depth.oldest_seconds > _STUCK_SECONDS
    }


def about_progress(first: Sequence[Depth], second: Sequence[Depth], seconds: float) -> list[Finding]:
    """Return whether what has waited for long is being stored, by two looks at least `seconds` apart.

    Returns nothing where it is.

    An entry that still waits has grown older by as much; where another is the oldest now, work goes on.
    """
    before, after = late(first), late(second)
    if not before or any(after.get(name, 0.0) - age < seconds for name, age in before.items()):
        return []
    waiting = sum(depth.waiting + depth.pending for depth in second if depth.name in after)
    seen = (
        f"{waiting} hits wait, the oldest since {max(after.values()):.0f} s, and none of those in front is being stored"
    )
    to_do = "See the workers' log for what keeps them from it; `queue status` shows the streams."
    return [Finding("progress", "fail", seen, to_do)]


def about_batch_queue(counts: Mapping[str, int]) -> list[Finding]:
    """Return what stands in the table because it failed, or because Redis was unavailable."""
    failed, queued = counts.get("failed", 0), counts.get("queued", 0)
    findings = [Finding("failed hits", "ok", "none")]
    if failed:
        to_do = "Look at `python -m tracker queue failed`; retry or discard them."
        findings = [Finding("failed hits", "warn", f"{failed}", to_do)]
    if queued:
        to_do = "The scheduler takes them in: see that `python -m tracker scheduler` runs."
        findings.append(Finding("hits accepted without Redis", "warn", f"{queued} wait in batch_queue", to_do))
    return findings


def about_limits(refused: Sequence[RefusedCount]) -> list[Finding]:
    """Return which applications' hits were refused within a day because a limit was used up.

    A finding for each limit.
    """
    return [
        Finding(
            check,
            "warn",
            ", ".join(f"{count.hits} hits of {count.app_id}" for count in counts[:_SHOWN_APPLICATIONS])
            + (" ..." if len(counts) > _SHOWN_APPLICATIONS else "")
            + " refused within a day",
            to_do,
        )
        for limit, (check, to_do) in _LIMITS.items()
        if (counts := [count for count in refused if count.limit == limit])
    ]


def about_webhooks(webhooks: Sequence[WebhookRow]) -> list[Finding]:
    """Webhooks for which so much waits that what comes is written as failed; nothing where there is none."""
    full = sorted(str(webhook.id) for webhook in webhooks if webhook.is_active and webhook.backlog_full_since)
    if not full:
        return []
    shown = ", ".join(full[:3]) + (" ..." if len(full) > 3 else "")  # noqa: PLR2004 as many as a line has room for
    to_do = (
        "Look at `python -m tracker webhooks show ID`; once it answers, `webhooks redeliver ID --failed-since TIME`."
    )
    return [Finding("webhooks", "warn", f"too many deliveries wait for {shown}: new ones are written as failed", to_do)]


def about_definitions(app_ids: Sequence[str]) -> list[Finding]:
    """Applications whose definitions of custom parameters are used in part only; nothing where there is none."""
    if not app_ids:
        return []
    shown = ", ".join(app_ids[:_SHOWN_APPLICATIONS]) + (" ..." if len(app_ids) > _SHOWN_APPLICATIONS else "")
    to_do = "Take away what is not needed: `python -m tracker params list --app-id APP_ID`, then `params delete`."
    seen = f"over {MAX_DEFINITIONS}, or {MAX_DEFAULTS_BYTES} bytes of defaults, and used in part: {shown}"
    return [Finding("parameter definitions", "warn", seen, to_do)]


def about_facts(state: FolderState | None) -> list[Finding]:
    """Return whether the columnar copy is written; nothing before there is one."""
    if state is None or (state.id is None and state.problem is None):
        return []
    if state.problem is None:
        return [Finding("facts", "ok", "the copy for reports is written")]
    since = f" since {state.problem_since:%Y-%m-%d %H:%MZ}" if state.problem_since else ""
    to_do = "Hits are stored and counted; reports lack what came since. Mend the folder, or `stats rebuild` it."
    return [Finding("facts", "warn", f"not written{since}: {state.problem}", to_do)]


def about_scheduler(holder: str | None) -> Finding:
    """Return whether a scheduler works: `holder` is who has its lease."""
    if holder is not None:
        return Finding("scheduler", "ok", f"{holder} works")
    to_do = "Start `python -m tracker scheduler`: without it nothing is counted, sent to webhooks or made ahead."
    return Finding("scheduler", "fail", "none works", to_do)


def about_deletions(refusals: Sequence[DeletionRefusal]) -> list[Finding]:
    """Return what is due to be deleted and is not, one finding each; its reason says what to do."""
    return [
        Finding("deletions", "fail", f"refused since {refusal.since:%Y-%m-%d %H:%MZ}", refusal.reason)
        for refusal in refusals
    ]


def about_clock(server: str, here: datetime, there: datetime) -> Finding:
    """Return whether this machine's clock and a server's agree; `here` is from the moment that `there` was read."""
    seconds = abs((there - here).total_seconds())
    return graded(
        f"clock of {server}",
        seconds,
        f"{seconds:.1f} s apart from here",
        "Keep the machines' clocks by NTP: nothing is deleted while they are a minute apart.",
        warn_above=2.0,
        fail_above=60.0,
    )


def about_time(complaint: str | None) -> list[Finding]:
    """Return what time the processes of this machine go by, where not by its own; `complaint` says so in a sentence."""
    if complaint is None:
        return []
    return [Finding("time", "fail", complaint, "Set the clocks by NTP; nothing is deleted until they agree.")]


def about_retention(running: int | None, here: int) -> list[Finding]:
    """Return whether TRACKER_RETENTION_MONTHS is the same `here` and in the `running` scheduler.

    Returns None where none has said.
    """
    if running is None or running == here:
        return []
    seen = f"the scheduler runs with TRACKER_RETENTION_MONTHS={running}, and here it is {here}"
    to_do = "Give it the same value everywhere: what the scheduler does not keep goes, also where it is imported now."
    return [Finding("retention", "warn", seen, to_do)]

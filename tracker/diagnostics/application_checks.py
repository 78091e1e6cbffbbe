"""Whether what applications say of themselves makes sense: names that clients of other trackers have for them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tracker.application_settings import ALIASES, DIALECTS
from tracker.diagnostics.finding import Finding
from tracker.store.queries import Row

_NAMED = 3
_ORIGINAL = ("original",)


def about_aliases(aliases: Sequence[Row], dialects: Sequence[Row]) -> list[Finding]:
    """Return what is wrong with aliases; rows are those of `application_settings.of_all` for the two settings.

    Commands and the API let no two applications have one; a row written by hand may.
    """
    names = {row["app_id"]: ALIASES.value(_settings(ALIASES.key, row)) for row in aliases}
    spoken = {row["app_id"]: DIALECTS.value(_settings(DIALECTS.key, row)) for row in dialects}
    owners: dict[str, list[str]] = defaultdict(list)
    for app_id, aliases_of_one in names.items():
        for name in aliases_of_one:
            owners[name].append(app_id)
    findings = []
    if doubled := sorted(name for name, those in owners.items() if len(those) > 1):
        shown = "; ".join(f"{name} of {', '.join(sorted(owners[name]))}" for name in doubled[:_NAMED])
        to_do = "Take it from all but one: `python -m tracker apps alias remove --app-id APP_ID --alias NAME`."
        findings.append(Finding("aliases", "warn", f"applications share an alias: {shown}", to_do))
    idle = sorted(
        app_id
        for app_id, aliases_of_one in names.items()
        if aliases_of_one and spoken.get(app_id, _ORIGINAL) in ((), _ORIGINAL)
    )
    if idle:
        seen = f"nobody can use the aliases of {', '.join(idle[:_NAMED])}: no dialect of theirs is switched on"
        to_do = "Name it: `python -m tracker settings set dialects original,matomo --app-id APP_ID`."
        findings.append(Finding("dialects", "warn", seen, to_do))
    return findings


def _settings(key: str, row: Row) -> Mapping[str, str | None]:
    return {key: row["setting_value"]}

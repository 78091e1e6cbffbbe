"""What commands do about facts: `stats rebuild` and `stats verify` days of them, erasing writes them anew."""

from datetime import date

from tracker.cli.output import note
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import FactsUnavailable
from tracker.facts.rebuild import rebuild, verify
from tracker.facts.write import Writer
from tracker.privacy.places import Places
from tracker.reports.tally_verifying import tally_difference
from tracker.stats.days import dates, of_date
from tracker.stats.verify import DayDifference
from tracker.store import applications, facts_files
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay
from tracker.store.statistics import WHOLE_DAY, Difference
from tracker.wiring.facts import facts_folder

_FIRST = date(1970, 1, 1)


def facts_writer(settings: Settings, database: Database) -> Writer:
    """Return what writes facts in the folder that this process sees."""
    folder = facts_folder(settings, database, is_command=True)
    return Writer(database, folder, SystemClock(), Places(settings.geoip_file))


def rebuild_days(database: Database, writer: Writer, first: date, last: date, app_id: str | None) -> int:
    """Make the facts of some days anew; how many there are then. Raises FactsUnavailable."""
    names = _with_facts(database, first, last, app_id)
    for day in dates(first, last):
        names.update(dict(of_date(database, day, app_id)))
    return rebuild(writer, list(names))


def verify_days(
    database: Database, writer: Writer, first: date | None, last: date, app_id: str | None
) -> list[DayDifference]:
    """Compare the facts of some days with the rows, as far as there are any, and say where that cannot be done."""
    differences = []
    try:
        for day, name in _with_facts(database, first or _FIRST, last, app_id).items():
            of_facts = verify(writer, day)
            if of_facts is not None:
                difference = Difference(
                    hour=WHOLE_DAY, name="facts", stored=of_facts.stored, recounted=of_facts.recounted
                )
                differences.append(DayDifference(name, day[1], difference))
        differences += _of_tallies(database, writer, first or _FIRST, last, app_id)
    except FactsUnavailable as error:
        note(f"facts not compared: {error}")
    return differences


def _of_tallies(database: Database, writer: Writer, first: date, last: date, app_id: str | None) -> list[DayDifference]:
    """Compare the tallies that are about some of these days, each with the facts of all of its own."""
    differences = []
    names = {day[0]: name for day, name in _with_facts(database, first, last, app_id).items()}
    for application_id, name in names.items():
        differing = tally_difference(database, writer.folder, application_id, first=first, last=last)
        if differing is not None:
            row, how = differing
            difference = Difference(hour=WHOLE_DAY, name="tally", stored=how, recounted="as the facts have it")
            differences.append(DayDifference(name, row.last, difference))
    return differences


def _with_facts(database: Database, first: date, last: date, app_id: str | None) -> dict[FactsDay, str]:
    with database.transaction() as tx:
        owner = applications.existing(tx, app_id).id if app_id else None
        days = facts_files.days(tx, first, last, owner)
        return {day: name for day, name in ((day, applications.app_id_of(tx, str(day[0]))) for day in days) if name}

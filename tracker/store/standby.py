"""Synchronous standbys (`synchronous_standby_names`): what makes a commit wait for them."""

from tracker.store.database import Transaction
from tracker.store.queries import execute


def await_standby(tx: Transaction) -> None:
    """Have this commit wait for the synchronous standby, also where it changes nothing.

    For what finds its work done already: that may stand in the primary alone, committed by a transaction whose wait for
    the standby was given up or broken off, and a failover takes it away.
    """
    execute(tx, "server/await_standby")

"""The certificate that PostgreSQL shows, which libpq does not tell: asked for on a connection of its own."""

import socket
import ssl
import struct
from datetime import datetime
from typing import Final

from tracker.certificates import end_of
from tracker.errors import DatabaseUnavailable
from tracker.store.database import Transaction

_SSL_REQUEST: Final = struct.pack("!ii", 8, 80_877_103)
"""https://www.postgresql.org/docs/current/protocol-message-formats.html"""
_SECONDS: Final = 3.0


def certificate_end(tx: Transaction) -> datetime | None:
    """Return when it ends of the server behind `tx`; None where the connection is not by TLS.

    Raises DatabaseUnavailable.
    """
    if not tx.pgconn.ssl_in_use:
        return None
    # Looked at, not believed: whether it is to be trusted was decided when `tx` was opened.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((tx.info.hostaddr or tx.info.host, tx.info.port), timeout=_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return None
            with context.wrap_socket(plain, server_hostname=tx.info.host) as wire:
                shown = wire.getpeercert(binary_form=True)
    except OSError as error:
        raise DatabaseUnavailable(f"PostgreSQL does not show its certificate: {error}.") from error
    return None if shown is None else end_of(shown)

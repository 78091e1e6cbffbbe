"""What a listening socket still holds when it is closed."""

from socket import socket


def accept_rest(listener: socket) -> list[socket]:
    """Return the connections that the kernel has made and nobody has accepted: closing the listener would reset them.

    Close it at once afterwards, in every process that has it. The listener does not block.
    """
    accepted: list[socket] = []
    while True:
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            return accepted
        except ConnectionAbortedError:
            continue
        client.setblocking(False)
        accepted.append(client)

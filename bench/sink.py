"""A consumer of webhooks that does nothing but answer: the sink of both sides of the row `webhook deliveries`.

`python -m bench.sink PORT` answers until it is ended. A request comes in two pieces, its head and its body.
"""

import re
import select
import socket
import sys

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=256)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    sockets: dict[int, socket.socket] = {}
    pieces: dict[int, bytes] = {}
    while True:
        for fd, _event in poll.poll():
            if fd == listener.fileno():
                connection, _address = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets[connection.fileno()], pieces[connection.fileno()] = connection, b""
                poll.register(connection.fileno(), select.EPOLLIN)
                continue
            piece = sockets[fd].recv(65536)
            if not piece:
                poll.unregister(fd)
                sockets.pop(fd).close()
                continue
            pieces[fd] += piece
            if _is_whole(pieces[fd]):
                pieces[fd] = b""
                sockets[fd].send(_ANSWER)


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and (length is None or len(body) >= int(length[1]))


if __name__ == "__main__":
    main()

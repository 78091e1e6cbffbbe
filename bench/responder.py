"""The bare socket responder against which the load generator's own ceiling is measured: it parses nothing.

`python -m bench.responder PORT` answers until it is ended. A request arrives in one piece here,
because the generator sends it with one call and waits for the answer before the next.
"""

import select
import socket
import sys

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n" + b'{"success":true}'


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=256)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    sockets: dict[int, socket.socket] = {}
    while True:
        for fd, _event in poll.poll():
            if fd == listener.fileno():
                connection, _address = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
            elif sockets[fd].recv(65536):
                sockets[fd].send(_ANSWER)
            else:
                poll.unregister(fd)
                sockets.pop(fd).close()


if __name__ == "__main__":
    main()

"""The web server: HTTP/1.1 on one event loop a process, which no client can hold up by being slow.

supervisor    the parent: listens, starts the processes, replaces those that die, ends them
process       one process: its loop, its threads, its end
listener      what a listening socket still holds when it is closed
connections   all connections of a process: deadlines, how many, how much they keep in memory
connection    one connection: requests in, answers out, one after the other
limits        how long a client may take, and how much it may bring
request_reader    from a connection's bytes to requests, each whole or refused
environ       a request's head as WSGI has it, each header by its own spelling only
answer        an answer's head as bytes
wsgi          the WSGI application in threads, its answers streamed
threads       the threads, so many and no more, and what waits for them
site          what is served: endpoints that answer on the loop, a WSGI application for everything else
syslog        one process that receives syslog; syslog_framing finds messages in a stream, message_buffer keeps them

It knows nothing of hits, Flask or Redis (docs/decisions/0089-a-server-on-an-event-loop.md).
"""

"""Messages in a stream of syslog, however it arrives, and the buffer between who receives and who takes."""

import random
import threading

import pytest

from tracker.server import message_buffer
from tracker.server.message_buffer import MessageBuffer
from tracker.server.syslog_framing import MAX_MESSAGE, SyslogFraming

BIG = b"<14>" + b"x" * (MAX_MESSAGE - 4)
STREAMS = {
    b"<14>a\n<14>b\n": [b"<14>a", b"<14>b"],
    b"5 <14>a6 <14>b\n": [b"<14>a", b"<14>b"],
    b"5 <14>a\n<14>c\r\n7 <14>\nd\n": [b"<14>a", b"<14>c", b"<14>\nd"],
    b"<14>a\0<14>b\0": [b"<14>a", b"<14>b"],
    b"\n\n<14>a\n\n": [b"<14>a"],
    b'127.0.0.1 - - "GET /"\n10 no syslog\n<14>a\n': [b'127.0.0.1 - - "GET /"', b"10 no syslog", b"<14>a"],
    BIG + b"\n<14>a\n": [BIG, b"<14>a"],
    BIG + b"y\n<14>a\n": [b"<14>a"],
    b"%d " % len(BIG) + BIG + b"5 <14>a": [BIG, b"<14>a"],
    b"%d " % (len(BIG) + 1) + BIG + b"y5 <14>a": [b"<14>a"],
    b"<14>half": [],
    b"9 <14>half": [],
}


@pytest.mark.parametrize("stream", list(STREAMS), ids=lambda stream: repr(stream[:20]))
@pytest.mark.parametrize("size", [1, 3, 100_000, 0])
def test_a_stream_is_cut_into_messages_in_whatever_pieces_it_comes(stream: bytes, size: int) -> None:
    if size in (1, 3) and len(stream) > 1000:
        size = 1000
    chance = random.Random(1)
    framing = SyslogFraming()
    messages = []
    start = 0
    while start < len(stream):
        end = start + (size or chance.randrange(1, 50_000))
        messages += framing.feed(stream[start:end])
        start = end
    assert messages == STREAMS[stream]
    assert framing.too_long == (stream.startswith((BIG + b"y", b"%d " % (len(BIG) + 1))))
    assert framing.holds_part == stream.endswith(b"half")


def test_a_line_without_an_end_is_not_kept() -> None:
    framing = SyslogFraming()
    for _ in range(100):
        assert framing.feed(b"x" * 10_000) == []
        assert len(framing._data) <= MAX_MESSAGE
    assert framing.feed(b"\n<14>a\n") == [b"<14>a"]
    assert framing.too_long == 1


def test_a_full_buffer_drops_datagrams_lets_streams_wait_and_gives_what_it_has_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(message_buffer, "MAX_WAITING", 3)
    monkeypatch.setattr(message_buffer, "_LINGER_SECONDS", 0)
    has_room = threading.Event()
    buffer = MessageBuffer(has_room.set)
    for number in range(5):
        buffer.offer(b"%d" % number)
    assert (buffer.dropped, buffer.is_full) == (2, True)
    buffer.add([b"of a stream"])
    assert buffer.take(1, seconds=0) == [b"0"]
    assert not has_room.is_set()
    assert buffer.take(2, seconds=0) == [b"1", b"2"]
    assert has_room.is_set()
    buffer.close()
    buffer.offer(b"too late")
    assert buffer.take(9, seconds=0) == [b"of a stream"]
    assert buffer.take(9, seconds=60) is None

import gzip
import io
import sys
import zlib
from typing import Any

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from tracker.errors import Refused
from tracker.web.body import read_body

LIMIT = 1000


def read(body: bytes, **environ: str) -> bytes:
    return read_body({"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **environ}, LIMIT)


def refusal(body: bytes, **environ: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        read(body, **environ)
    return caught.value.status, caught.value.code


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def test_a_body_up_to_the_limit_is_read_whole() -> None:
    assert read(b"x" * LIMIT) == b"x" * LIMIT


def test_a_body_that_arrives_in_pieces_is_read_whole() -> None:
    class Pieces(io.RawIOBase):
        left = b"x" * 700

        def read(self, size: int = -1) -> bytes:
            piece, self.left = self.left[: min(size, 100)], self.left[min(size, 100) :]
            return piece

    assert read_body({"CONTENT_LENGTH": "700", "wsgi.input": Pieces()}, LIMIT) == b"x" * 700


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    class Untouchable(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError(f"{size} bytes were read")

    with pytest.raises(Refused) as caught:
        read_body({"CONTENT_LENGTH": str(LIMIT + 1), "wsgi.input": Untouchable()}, LIMIT)
    assert (caught.value.status, caught.value.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("length", ["9" * 5000, str(2**64)])
def test_an_absurd_length_is_too_large(length: str) -> None:
    assert refusal(b"{}", CONTENT_LENGTH=length) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("length", ["", "-1", "+5", "5.0", "abc", "٣"])
def test_a_missing_or_senseless_length_is_refused(length: str) -> None:
    assert refusal(b"{}", CONTENT_LENGTH=length) == (411, "LENGTH_REQUIRED")


def test_a_chunked_body_is_read_where_the_server_hands_over_its_end_and_else_refused() -> None:
    assert refusal(b"{}", HTTP_TRANSFER_ENCODING="chunked") == (411, "LENGTH_REQUIRED")
    chunked: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert read_body({**chunked, "wsgi.input": io.BytesIO(b"x" * LIMIT)}, LIMIT) == b"x" * LIMIT
    with pytest.raises(Refused) as caught:
        read_body({**chunked, "wsgi.input": io.BytesIO(b"x" * (LIMIT + 1))}, LIMIT)
    assert caught.value.status == 413


def test_gzip_is_known_without_a_word_about_it() -> None:
    assert read(gzip.compress(b"{}")) == b"{}"
    assert refusal(gzip.compress(b"x" * (LIMIT + 1))) == (413, "PAYLOAD_TOO_LARGE")


def test_zstd_is_unpacked_within_the_limit_and_within_a_window_of_8_mb() -> None:
    packed = zstd.compress(b"x" * LIMIT)
    assert read(packed, HTTP_CONTENT_ENCODING="zstd") == b"x" * LIMIT
    assert refusal(zstd.compress(b"x" * (LIMIT + 1)), HTTP_CONTENT_ENCODING="zstd") == (413, "PAYLOAD_TOO_LARGE")
    for broken in (packed[:-1], packed + b"x", b"{}", b""):
        assert refusal(broken, HTTP_CONTENT_ENCODING="zstd") == (400, "VALIDATION_ERROR")
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 24})
    large = packer.compress(b"x" * 100) + packer.flush()
    assert refusal(large, HTTP_CONTENT_ENCODING="zstd") == (400, "VALIDATION_ERROR")


def test_a_body_that_ends_early_is_refused() -> None:
    assert refusal(b"{}", CONTENT_LENGTH="3") == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("X-GZIP", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)],
)
def test_a_compressed_body_is_unpacked(encoding: str, pack: object) -> None:
    assert callable(pack)
    assert read(pack(b'{"a": 1}'), HTTP_CONTENT_ENCODING=encoding) == b'{"a": 1}'


def test_identity_is_no_compression() -> None:
    assert read(b"{}", HTTP_CONTENT_ENCODING="identity") == b"{}"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    with pytest.raises(Refused) as caught:
        read_body(
            {"CONTENT_LENGTH": str(len(bomb)), "wsgi.input": io.BytesIO(bomb), "HTTP_CONTENT_ENCODING": "gzip"}, 65_536
        )
    assert caught.value.status == 413


def test_content_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert len(read(gzip.compress(b"x" * LIMIT), HTTP_CONTENT_ENCODING="gzip")) == LIMIT
    assert refusal(gzip.compress(b"x" * (LIMIT + 1)), HTTP_CONTENT_ENCODING="gzip")[0] == 413


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"more", gzip.compress(b"{}") * 2],
    # What gzip makes holds the time; tests that run side by side must have the same names.
    ids=["no gzip", "cut off", "followed by more", "two in one"],
)
def test_broken_compression_is_refused(body: bytes) -> None:
    assert refusal(body, HTTP_CONTENT_ENCODING="gzip") == (400, "VALIDATION_ERROR")


def test_an_unknown_encoding_is_refused() -> None:
    assert refusal(b"{}", HTTP_CONTENT_ENCODING="br") == (400, "VALIDATION_ERROR")

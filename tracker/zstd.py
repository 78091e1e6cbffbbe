"""zstd: Python's own from 3.14 on, before that the same module as a package (docs/decisions/0181)."""

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError, ZstdFile

__all__ = ["DecompressionParameter", "ZstdDecompressor", "ZstdError", "ZstdFile"]

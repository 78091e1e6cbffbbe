"""The image that answers a hit which a page asks for as one."""

from typing import Final

from tracker.web.envelope import Headers

GIF: Final = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A transparent image of 1x1 pixels in 43 bytes (GIF89a with a graphic control extension)."""
GIF_HEADERS: Final[Headers] = (
    ("Content-Type", "image/gif"),
    ("Content-Length", str(len(GIF))),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)

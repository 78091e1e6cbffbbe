"""Parts of pages that this process has made, for everybody who is to see the same: fifty who look cost one template."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_MAX_REMEMBERED: Final = 64


class MadeParts:
    """One of it a process. Thread-safe."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, mark: str, make: Callable[[], str]) -> str:
        """Return the part of this mark, which alone tells it from others; made where it is not remembered."""
        # Held while it is made: those who come meanwhile want the same, and a template waits for nothing.
        with self._lock:
            made = self._made.get(mark)
            if made is None:
                made = self._made[mark] = make()
                while len(self._made) > _MAX_REMEMBERED:
                    self._made.popitem(last=False)
        return made

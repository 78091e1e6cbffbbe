"""Which tests go to one process: those of a file, and all those that parse the project's source.

To parse it takes 3 to 4 s of CPU and 200 MB, which each process that looks at it would pay.
"""

from xdist.scheduler.loadfile import LoadFileScheduling

SOURCE = "tests/architecture"
_OUTSIDE = {"tests/unit/test_dashboard_sentences.py"}
"""Who parses it elsewhere."""


class ScheduledByFile(LoadFileScheduling):
    """`--dist loadfile`, but for these."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return SOURCE if file in _OUTSIDE or file.startswith(f"{SOURCE}/") else file

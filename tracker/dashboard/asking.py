"""Questions that a page puts to reports all at once, to be shown in their order as the answers come.

Two of a page are under way at a time, as many as the engine works on: one page of an application keeps no other one
waiting for all of its questions. What a page does not wait for any more is not asked.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from tracker.web.envelope import as_refused

Questions = Mapping[str, Callable[[], Any]]
_AT_ONCE: Final = 2


@contextmanager
def asked(questions: Questions) -> Iterator[Callable[[str], Any]]:
    """Ask in the order given, and give what waits for the answer to one of them by its name.

    The answer is None where there is none: what is no plain refusal is then logged. The page is half sent already, and
    says so where the answer would stand. In the end, what is not begun is given up, and the rest waited for.
    """
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="page")
    answers = {name: threads.submit(question) for name, question in questions.items()}

    def answer(name: str) -> Any:  # noqa: ANN401 whatever was asked for
        try:
            return answers[name].result()
        except Exception as error:  # noqa: BLE001 as the docstring says
            as_refused(error)
            return None

    try:
        yield answer
    finally:
        threads.shutdown(cancel_futures=True)

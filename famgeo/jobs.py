"""Run one function over chunks on any Executor: threads, processes, or a cluster's."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from famgeo.tables import Progress, no_progress

C = TypeVar("C")
R = TypeVar("R")


def run_chunks(
    function: Callable[[C], R],
    chunks: Sequence[C],
    *,
    executor: Executor | None = None,
    progress: Progress = no_progress,
    what: str = "Working",
) -> list[R]:
    """Apply the function to every chunk and return the results in the order of the chunks.

    Without an executor the work is done here, one chunk after the other. The first error is
    raised as it is; chunks that have not begun are then cancelled.
    """
    if executor is None:
        return list(_here(function, chunks, progress, what))
    futures = [executor.submit(function, chunk) for chunk in chunks]
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future in done:
                    future.result()
            progress(what, 1 - len(waiting) / len(futures))
    finally:
        for future in waiting:
            future.cancel()
    return [future.result() for future in futures]


@contextmanager
def threads(count: int) -> Iterator[Executor | None]:
    """Give an executor of that many threads; one thread needs none.

    On an error, work that has not begun is cancelled rather than finished.
    """
    if count <= 1:
        yield None
        return
    executor = ThreadPoolExecutor(count, thread_name_prefix="famgeo")
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _here(
    function: Callable[[C], R], chunks: Sequence[C], progress: Progress, what: str
) -> Iterator[R]:
    for done, chunk in enumerate(chunks, start=1):
        yield function(chunk)
        progress(what, done / len(chunks))

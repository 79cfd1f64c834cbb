"""Chunks run on any executor give their results in order, and the first error stops the rest."""

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from famgeo.jobs import run_chunks, threads


def double(n):
    return 2 * n


def refuse_three(n):
    if n == 3:
        message = "three"
        raise ValueError(message)
    return n


@pytest.mark.parametrize("count", [1, 4])
def test_results_come_in_the_order_of_the_chunks(count):
    with threads(count) as executor:
        assert run_chunks(double, range(50), executor=executor) == [2 * n for n in range(50)]


def test_processes_give_the_same_answer_as_none():
    with ProcessPoolExecutor(1) as executor:
        assert run_chunks(double, [1, 2, 3], executor=executor) == run_chunks(double, [1, 2, 3])


def test_no_chunks_give_no_results():
    with threads(2) as executor:
        assert run_chunks(double, [], executor=executor) == []
    assert run_chunks(double, []) == []


@pytest.mark.parametrize("count", [1, 4])
def test_the_first_error_is_raised_as_it_is(count):
    with threads(count) as executor, pytest.raises(ValueError, match="three"):
        run_chunks(refuse_three, range(6), executor=executor)


def test_after_an_error_chunks_that_have_not_begun_are_cancelled():
    begun, gate = [], threading.Event()

    def work(n):
        begun.append(n)
        if n == 0:
            message = "first"
            raise ValueError(message)
        gate.wait(5)

    with ThreadPoolExecutor(1) as executor:
        executor.submit(gate.wait, 0.2)
        with pytest.raises(ValueError, match="first"):
            run_chunks(work, range(20), executor=executor)
        gate.set()
    assert len(begun) < 20


@pytest.mark.parametrize("count", [1, 3])
def test_progress_rises_to_one(count):
    seen = []
    with threads(count) as executor:
        run_chunks(
            double, range(9), executor=executor, progress=lambda _w, share: seen.append(share)
        )
    assert seen == sorted(seen)
    assert seen[-1] == 1

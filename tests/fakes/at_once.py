"""Calls that start at the same moment."""

import threading
from collections.abc import Callable

from services.compute.domain.errors import ComputeError


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What `count` simultaneous calls return, or the ComputeError that each raised."""
    results: list[object] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results.append(work(number))
        except ComputeError as error:
            results.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results


def kinds(results: list[object]) -> dict[str, int]:
    names = [type(result).__name__ for result in results]
    return {name: names.count(name) for name in names}

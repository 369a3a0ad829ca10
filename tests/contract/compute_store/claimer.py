"""A process with several workers that claim until nothing is left: prints the uid of each job they got.

Run by test_races.py as `python claimer.py <database URL> <name> <threads>`, with the checkout on sys.path.
"""

import sys
import threading

from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.states import State
from services.compute.ports.store import Change
from tests.fakes.compute_jobs import NOW, SPACE


def main(url: str, name: str, threads: int) -> None:
    store = open_store(url)
    got: list[str] = []

    def claim_all(worker: str) -> None:
        while claimed := store.claim(worker, {SPACE: 10_000}, NOW, 30, limit=3):
            for each in claimed:
                store.change(each.lease, Change(to=State.STAGING, wake_at=NOW + 1e6), NOW)
                got.append(each.job.uid)

    workers = [threading.Thread(target=claim_all, args=(f"{name}-{n}",)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    store.close()
    sys.stdout.write("\n".join(got))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

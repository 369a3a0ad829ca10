"""Listed jobs as they were last shown: who follows a thousand jobs lists them again and again, and of most
nothing has changed.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final

from services.compute.dialects.prominence.views import summary_view
from services.compute.ports.store import Head
from services.compute.usecases.jobs import Jobs

MOST_BYTES: Final = 32 << 20  # of all rows
LONGEST: Final = 16_384  # bytes; longer rows are made anew each time
BATCH: Final = 500  # jobs that are read at a time


class Rows:
    """Of one worker process, safe for its threads."""

    def __init__(self, jobs: Jobs, most_bytes: int = MOST_BYTES) -> None:
        self._jobs = jobs
        self._most = most_bytes
        self._bytes = 0
        self._lock = Lock()
        self._known: OrderedDict[int, tuple[int, bytes]] = OrderedDict()

    def of(self, heads: Sequence[Head]) -> Iterator[bytes]:
        """JSON of each job, in order, at its revision or newer; jobs that are gone are left out."""
        for start in range(0, len(heads), BATCH):
            yield from self._batch(heads[start : start + BATCH])

    def _batch(self, heads: Sequence[Head]) -> Iterator[bytes]:
        rows = self._remembered(heads)
        unknown = [head for head in heads if head.id not in rows]
        if unknown:
            revisions = {head.id: head.revision for head in unknown}
            for job in self._jobs.listed(unknown):
                rows[job.id] = json.dumps(summary_view(job), separators=(",", ":")).encode()
                self._keep(job.id, revisions[job.id], rows[job.id])
        yield from (rows[head.id] for head in heads if head.id in rows)

    def _remembered(self, heads: Sequence[Head]) -> dict[int, bytes]:
        rows: dict[int, bytes] = {}
        with self._lock:
            for head in heads:
                known = self._known.get(head.id)
                if known is not None and known[0] == head.revision:
                    rows[head.id] = known[1]
                    self._known.move_to_end(head.id)
        return rows

    def _keep(self, number: int, revision: int, row: bytes) -> None:
        if len(row) > LONGEST:
            return
        with self._lock:
            before = self._known.pop(number, None)
            self._bytes += len(row) - (0 if before is None else len(before[1]))
            self._known[number] = (revision, row)
            while self._bytes > self._most:
                _, (_, dropped) = self._known.popitem(last=False)
                self._bytes -= len(dropped)

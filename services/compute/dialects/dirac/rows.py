"""Listed jobs as they were last shown: whoever follows many jobs lists them again and again, and of most
nothing has changed.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from services.compute.dialects.dirac.attributes.table import ATTRIBUTES, Attribute
from services.compute.dialects.dirac.attributes.views import job_view
from services.compute.domain.sheets import Sheet
from services.compute.ports.sheets import JobSheets
from services.compute.ports.store import Filter
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.viewers import Viewer

MOST_BYTES: Final = 16 << 20  # of all rows
LONGEST: Final = 4096  # bytes; longer rows are made anew each time
BESIDE: Final = 400  # bytes that a row takes beside its text
BATCH: Final = 500  # jobs that are read at a time
EVERYBODY: Final = Viewer(None)  # whose jobs they are was asked before
Key = tuple[int, str]  # the job's id, and which attributes are shown


@dataclass(frozen=True, slots=True)
class Row:
    """`filed_as`: the sheet that stood in for one, where there was none."""

    revision: int
    filed_as: Sheet | None
    text: bytes

    def is_of(self, revision: int | None, blank: Sheet) -> bool:
        return self.revision == revision and self.filed_as in (None, blank)


class Rows:
    """Of one web process, safe for its threads."""

    def __init__(self, jobs: Jobs, sheets: JobSheets, most_bytes: int = MOST_BYTES) -> None:
        self._jobs = jobs
        self._sheets = sheets
        self._most = most_bytes
        self._bytes = 0
        self._lock = Lock()
        self._known: OrderedDict[Key, Row] = OrderedDict()

    def of(self, ids: Sequence[int], blank: Sheet, only: Sequence[Attribute] = ATTRIBUTES) -> Iterator[bytes]:
        """JSON of each job, in order; jobs that are gone are left out. `blank` stands for the sheets of jobs
        without one. Raises StoreUnavailable.
        """
        for start in range(0, len(ids), BATCH):
            yield from self._batch(ids[start : start + BATCH], blank, only)

    def _batch(self, ids: Sequence[int], blank: Sheet, only: Sequence[Attribute]) -> Iterator[bytes]:
        fields = "" if only is ATTRIBUTES else ",".join(attribute.name for attribute in only)
        # Before the jobs: what changes in between is read, and not taken for what it was.
        heads = self._jobs.heads(EVERYBODY, Filter(owners=None, ids=ids, deleted=True))
        revisions = {head.id: head.revision for head in heads}
        texts = self._remembered(ids, fields, revisions, blank)
        unknown = [number for number in ids if number not in texts]
        if unknown:
            sheets = self._sheets.sheets(unknown)
            for job in self._jobs.of_ids(unknown):
                sheet = sheets.get(job.id)
                view = job_view(job, blank if sheet is None else sheet, only)
                text = json.dumps(view, separators=(",", ":")).encode()
                texts[job.id] = text
                if job.id in revisions:
                    row = Row(revisions[job.id], blank if sheet is None else None, text)
                    self._keep((job.id, fields), row)
        yield from (texts[number] for number in ids if number in texts)

    def _remembered(
        self, ids: Sequence[int], fields: str, revisions: Mapping[int, int], blank: Sheet
    ) -> dict[int, bytes]:
        texts: dict[int, bytes] = {}
        with self._lock:
            for number in ids:
                row = self._known.get((number, fields))
                if row is not None and row.is_of(revisions.get(number), blank):
                    texts[number] = row.text
                    self._known.move_to_end((number, fields))
        return texts

    def _keep(self, key: Key, row: Row) -> None:
        if _size(key, row) > LONGEST:
            return
        with self._lock:
            before = self._known.pop(key, None)
            self._bytes += _size(key, row) - (0 if before is None else _size(key, before))
            self._known[key] = row
            while self._bytes > self._most:
                self._bytes -= _size(*self._known.popitem(last=False))


def _size(key: Key, row: Row) -> int:
    return len(key[1]) + len(row.text) + BESIDE

"""Everything that hangs on a job, brought together to be shown; and jobs that are looked at again and again.

Rows of lists and statuses are kept as they were last shown, each with the revision it was made at: nothing of
a request outlives it, so that no answer can be another job's.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from threading import Lock
from typing import Final

from services.compute.dialects.openpai import lookup, views
from services.compute.dialects.openpai.errors import NoJob
from services.compute.dialects.openpai.facts import DIALECT, known_of
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.views import Before, Shown, deciding_run
from services.compute.domain.errors import FilesUnavailable, JobNotFound, OutputNotFound
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Job, Run
from services.compute.domain.layout import OUTPUT, STDERR, stream
from services.compute.domain.states import State
from services.compute.ports.store import Head

View = Callable[[Shown], views.Document]
MOST_BYTES: Final = 32 << 20  # of each store of what was shown
LONGEST: Final = 65_536  # bytes; longer ones are made anew each time
BATCH: Final = 500  # jobs that are read at a time
MOST_SAID: Final = 2048  # bytes of stderr
MOST_LINES: Final = 20
MOST_STARTS: Final = 100


class Remembered:
    """What was made of something at a revision. Of one worker process, safe for its threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._lock = Lock()
        self._known: OrderedDict[Hashable, tuple[JobUid | None, int, bytes]] = OrderedDict()

    def get(self, key: Hashable) -> tuple[JobUid | None, int, bytes] | None:
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
            return known

    def keep(self, key: Hashable, uid: JobUid | None, revision: int, body: bytes) -> None:
        if len(body) > LONGEST:
            return
        with self._lock:
            before = self._known.pop(key, None)
            self._bytes += len(body) - (0 if before is None else len(before[2]))
            self._known[key] = (uid, revision, body)
            while self._bytes > self._most:
                _, (_, _, dropped) = self._known.popitem(last=False)
                self._bytes -= len(dropped)


class Showing:
    def __init__(self, parts: OpenPaiParts) -> None:
        self._parts = parts
        self._rows = Remembered()
        self._statuses = Remembered()

    def whole(self, job: Job, username: str, base: str, *, has_logs: bool) -> Shown:
        """With its tasks; `has_logs`: whoever asks may read its logs."""
        runs = self._parts.jobs.runs(job.uid, lookup.EVERYBODY, job.attempt) if job.attempt else ()
        shown = Shown(
            job=job,
            known=known_of(job, username),
            before=self._before(job),
            base=base,
            runs=tuple(runs),
            said=self._said(job, runs) if has_logs else "",
        )
        return shown

    def status(self, scope: str, name: str, base: str, view: View) -> bytes:
        """What anybody may see of a job that was born here. Raises NoJob."""
        handle = lookup.handle_of(scope, name)
        key = (view, handle, base)
        known = self._statuses.get(key)
        if known is not None and known[0] is not None and self._is_still(known[0], known[1]):
            return known[2]
        job = lookup.found(self._parts, scope, name, None)
        # Read before the rest: whatever comes between makes the next one look again.
        number = self._revision(job)
        fresh = lookup.found(self._parts, scope, name, None)
        body = _json(view(self.whole(fresh, "", base, has_logs=False)))
        if fresh.uid == job.uid and number is not None:
            self._statuses.keep(key, job.uid, number, body)
        return body

    def rows(self, heads: Sequence[Head], username: str, base: str, view: View) -> Iterator[bytes]:
        """JSON of each, in order, at its revision or newer; jobs that are gone are left out."""
        for start in range(0, len(heads), BATCH):
            yield from self._batch(heads[start : start + BATCH], username, base, view)

    def _batch(self, heads: Sequence[Head], username: str, base: str, view: View) -> Iterator[bytes]:
        rows: dict[int, bytes] = {}
        for head in heads:
            for user in ("", username):
                known = self._rows.get((view, base, user, head.id))
                if known is not None and known[1] == head.revision:
                    rows[head.id] = known[2]
        revisions = {head.id: head.revision for head in heads if head.id not in rows}
        for job in self._parts.jobs.of_ids(list(revisions)):
            user = "" if job.dialect == DIALECT else username
            shown = Shown(job=job, known=known_of(job, user), before=self._before(job), base=base)
            rows[job.id] = _json(view(shown))
            self._rows.keep((view, base, user, job.id), None, revisions[job.id], rows[job.id])
        yield from (rows[head.id] for head in heads if head.id in rows)

    def _is_still(self, uid: JobUid, number: int) -> bool:
        try:
            return self._parts.jobs.revision(uid, lookup.EVERYBODY).number == number
        except JobNotFound:
            return False

    def _revision(self, job: Job) -> int | None:
        try:
            return self._parts.jobs.revision(job.uid, lookup.EVERYBODY).number
        except JobNotFound:
            raise NoJob(job.name) from None

    def _before(self, job: Job) -> Before:
        """Of those that it was started again from; as far as they are still kept."""
        before, found = Before(), job
        for _ in range(MOST_STARTS):
            uid = found.facts.get("retry_of")
            if found.dialect != DIALECT or not isinstance(uid, str):
                break
            try:
                found = self._parts.jobs.find(uid, lookup.EVERYBODY)
            except JobNotFound:
                break
            before = Before(before.retries + max(found.attempt - 1, 0), found.submitted_at)
        return before

    def _said(self, job: Job, runs: Sequence[Run]) -> str:
        run = deciding_run(job, runs) if job.state is State.FAILED else None
        role = next((role for role in job.spec.roles if run is not None and role.name == run.role), None)
        if run is None or role is None:
            return ""
        kind = STDERR if role.tasks[0].split_logs else OUTPUT
        name = stream(run.role, run.index, run.task, kind)
        try:
            size = self._parts.logs.size(job, job.attempt, name)
            pieces = self._parts.logs.open(job, job.attempt, name, max(0, size - MOST_SAID), None)
            text = b"".join(pieces)[:MOST_SAID].decode(errors="replace")
        except (OutputNotFound, FilesUnavailable):
            return ""
        return "\n".join(text.splitlines()[-MOST_LINES:])


def _json(document: views.Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()

"""Single jobs as last shown: who waits for a job asks again and again, and mostly nothing has changed."""

import json
from collections import OrderedDict
from threading import Lock
from typing import Final

from libs.web.plain import Answer
from services.compute.dialects.native.answers import unchanged_or
from services.compute.dialects.native.views import job_view
from services.compute.domain.ids import JobUid
from services.compute.ports.store import Revision
from services.compute.usecases.job_logs import main_stream
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.viewers import Viewer

MOST: Final = 1000
LONGEST: Final = 16_384  # bytes; longer ones are made anew each time
_ANYBODY: Final = Viewer(None)  # a revision is given to those alone who may see the job


class ShownJobs:
    """Of one worker process, safe for its threads."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._lock = Lock()
        self._known: OrderedDict[JobUid, tuple[int, bytes]] = OrderedDict()

    def answer(self, ref: str, viewer: Viewer, known: str) -> Answer:
        """`known` is the caller's If-None-Match. Raises JobNotFound, also when it was removed meanwhile."""
        revision = self._jobs.revision(ref, viewer)
        return unchanged_or(f"{revision.uid}.{revision.number}", known, lambda: self._body(revision))

    def _body(self, revision: Revision) -> bytes:
        """At the revision, or newer."""
        number, known = self._known.get(revision.uid, (0, b""))
        if number == revision.number:
            return known
        job = self._jobs.find(revision.uid, _ANYBODY)
        view = job_view(job, list(self._jobs.runs_of(job)), main_stream(job.spec))
        body = json.dumps(view, separators=(",", ":")).encode()
        if len(body) <= LONGEST:
            self._keep(revision, body)
        return body

    def _keep(self, revision: Revision, body: bytes) -> None:
        with self._lock:
            self._known[revision.uid] = (revision.number, body)
            self._known.move_to_end(revision.uid)
            if len(self._known) > MOST:
                self._known.popitem(last=False)

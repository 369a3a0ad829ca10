"""Jobs under way whose environment the operator took out of the file: no worker serves it, so any ends them.

A worker that has another file than the others for a while must not end what those serve: jobs are taken only
when nobody held them all through the grace time.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.compute.domain.errors import EnvironmentUnknown
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.engines import Activity, EngineAway
from services.compute.ports.store import Change, Claimed
from services.compute.worker.ending import Ending
from services.compute.worker.hold import Hold, unwanted
from services.compute.worker.nexts import Again, Next, Pause
from services.compute.worker.tools import Tools

log = logging.getLogger(__name__)
GRACE_SECONDS: Final = 600.0
LOOK_SECONDS: Final = 30.0
LIMIT: Final = 50
STOP_SECONDS: Final = 0.5  # between looks at a run that is being ended
_BEFORE_THE_END: Final = frozenset({State.STAGING, State.PULLING, State.RUNNING})
_OVER: Final = frozenset({Activity.ENDED, Activity.LOST})


class Strays:
    """Which of them this worker takes."""

    def __init__(self, tools: Tools, worker: str, lease_seconds: float) -> None:
        self._tools = tools
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._since: dict[JobUid, float] = {}  # when each was seen first, without a break
        self._looks_at = 0.0

    def claim(self) -> Sequence[Claimed]:
        """Looks now and then alone. Raises StoreUnavailable."""
        now = self._tools.clock.now()
        if now < self._looks_at:
            return ()
        self._looks_at = now + LOOK_SECONDS
        known = [environment.id for environment in self._tools.book.all()]
        seen = self._tools.store.strays(known, now, LIMIT)
        self._since = {uid: self._since.get(uid, now) for uid in seen}
        due = [uid for uid, since in self._since.items() if now - since >= GRACE_SECONDS]
        if not due:
            return ()
        return self._tools.store.claim_these(self._worker, due, now, self._lease_seconds)


class Gone:
    """Their last steps. Whatever is left of their runs is ended by upkeep, where an engine still knows it."""

    def __init__(self, tools: Tools, ending: Ending) -> None:
        self._tools = tools
        self._ending = ending

    def concerns(self, hold: Hold) -> bool:
        """Jobs that are being published go on to their end as they are."""
        if hold.job.state not in _BEFORE_THE_END:
            return False
        try:
            self._tools.book.find(hold.job.spec.environment)
        except EnvironmentUnknown:
            return True
        return False

    def step(self, hold: Hold) -> Next:
        """What its runs left is kept only if they are known to have ended."""
        name = hold.job.spec.environment
        state, reason = State.FAILED, Reason("environment_gone", f"The operator took {name} away.")
        if hold.is_unwanted:
            state, reason = State.CANCELLED, unwanted(hold.job)
        log.warning("a job's environment is gone", extra={"job": hold.uid, "environment": name})
        runs = [run for run in hold.runs.values() if run.state is not RunState.ENDED]
        activities = {self._after_end(run) for run in runs}
        if Activity.UNKNOWN in activities:
            return self._ending.end(hold, state, reason, [])
        if not _OVER.issuperset(activities):
            return Pause(STOP_SECONDS)
        store, now = self._tools.store, self._tools.clock.now()
        for run in runs:
            hold.runs[run.tag] = replace(run, state=RunState.ENDED, ended_at=now, reason=reason)
            store.note_run(hold.lease, hold.runs[run.tag])
        hold.job = store.change(hold.lease, Change(to=State.PUBLISHING, reason=reason), now)
        return Again()

    def _after_end(self, run: Run) -> Activity:
        """What the run does after it was asked to end; UNKNOWN when no engine can tell."""
        is_anywhere = run.state is not RunState.INTENDED
        for engine in self._tools.engines.values():
            try:
                handle = engine.find(run.tag)
                if handle is not None:
                    engine.cancel(handle)
                    return engine.observe([handle])[handle].activity
            except EngineAway:
                is_anywhere = True
        return Activity.UNKNOWN if is_anywhere else Activity.LOST

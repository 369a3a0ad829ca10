"""The end of an attempt: what is kept, whether another follows, and what is cleared away.

What a job leaves is in the object store before its last state names it; what it used is cleared away after
that, and whatever is left by a worker that died in between, reconciliation finds.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.compute.domain import layout
from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentUnknown, FilesUnavailable
from services.compute.domain.ids import gathering_of
from services.compute.domain.job import KEEP_SECONDS, Stored, StoredFile
from services.compute.domain.reasons import Reason
from services.compute.domain.retry import may_retry, wait_seconds
from services.compute.domain.states import State
from services.compute.ports.engines import EngineAway, Handle
from services.compute.ports.provider import ProviderUnavailable
from services.compute.ports.store import Change
from services.compute.worker import meters, sliced_ending
from services.compute.worker.hold import Hold, Phase, unwanted
from services.compute.worker.journal import Journal
from services.compute.worker.nexts import Done, Next, Pause
from services.compute.worker.publish import Kept, Publish
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace

log = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
OWNERS: Final = frozenset({"cancelled", "deleted"})
_PUBLISH_SECONDS: Final = 3600.0  # of a job whose environment is gone


class Ending:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._publish = Publish(tools)

    def step(self, hold: Hold) -> Next:
        """Of a job that is PUBLISHING; its reason says how its run ended."""
        job = hold.job
        place = Workplace(self._tools.work, job.uid, job.attempt)
        journal = Journal(place.log(layout.PUBLISHING), self._tools.clock)
        seconds = self._seconds(hold)
        late = Reason("publish_timeout", f"Its outputs were not kept within {seconds:g} seconds.")
        was_ended = job.reason is not None and job.reason.code in OWNERS
        phase = Phase(hold, self._tools.clock, seconds, late, minds_owner=not was_ended)
        try:
            kept = self._keep(hold, place, phase, journal)
        except FilesUnavailable as error:
            if phase.left() > 0:
                return self._patience(hold, error)
            sentence = "The object store could not take what the job left."
            kept = Kept([], Reason("publish_failed", sentence, str(error)))
        reason = job.reason or kept.problem
        if kept.problem is not None and kept.problem.code in OWNERS:
            reason = kept.problem
        if reason is None and job.spec.retry.succeeded and hold.is_unwanted:
            reason = unwanted(job)  # it has no end of its own
        if reason is not None and reason.code in OWNERS:
            return self.end(hold, State.CANCELLED, reason, kept.files)
        if job.spec.slices is not None:
            return self._end_sliced(hold, reason, kept.files)
        if self._goes_again(hold, reason):
            return self._queue_again(hold, reason)
        state = State.SUCCEEDED if reason is None else State.FAILED
        return self.end(hold, state, reason, kept.files)

    def end(self, hold: Hold, state: State, reason: Reason | None, files: Sequence[StoredFile]) -> Next:
        """The last move of a job."""
        has_ended = self._end_grants(hold)
        now, spec = self._tools.clock.now(), hold.job.spec
        has_wish = state is State.CANCELLED and hold.is_unwanted
        change = Change(
            to=state,
            reason=None if has_wish else reason,  # whoever wished it has said why
            exit_code=hold.job.exit_code,
            files=files,
            expires_at=now
            + (spec.keep_seconds if spec.keep_seconds is not None else self._keep_seconds(hold)),
            wake_at=None if has_ended else now,
            release=True,
        )
        hold.is_leaving = True
        hold.job = self._tools.store.change(hold.lease, change, now)
        meters.ENDED.labels(state.value, reason.code if reason else "none").inc()
        log.info(
            "job ended",
            extra={"job": hold.uid, "state": state.value, "reason": reason.code if reason else None},
        )
        return self.clear(hold)

    def _end_sliced(self, hold: Hold, reason: Reason | None, files: Sequence[StoredFile]) -> Next:
        """Of an attempt: the job waits for slices, goes on, or has ended (sliced_ending.py)."""
        change = sliced_ending.after(self._tools, hold.job, reason)
        if change is None:
            return self.end(hold, State.FAILED, reason, files)
        place = Workplace(self._tools.work, hold.uid, hold.job.attempt)
        hold.is_leaving = True
        hold.job = self._tools.store.change(hold.lease, replace(change, files=files), self._tools.clock.now())
        if hold.job.is_final:
            meters.ENDED.labels(hold.job.state.value, "none").inc()
            log.info("job ended", extra={"job": hold.uid, "state": hold.job.state.value, "reason": None})
            return self.clear(hold)
        place.remove_folders()
        self._forget_runs(hold)
        place.remove()
        return Done()

    def _keep(self, hold: Hold, place: Workplace, phase: Phase, journal: Journal) -> Kept:
        """Raises FilesUnavailable, GivenUp."""
        job, kept = hold.job, Kept()
        hold.require(self._tools.clock.now())
        goes_again = self._goes_again(hold, job.reason)
        if self._wants_outputs(hold) and not goes_again:
            kept = self._publish.outputs(job, place, phase, journal)
        if kept.problem is not None:
            journal.say(kept.problem.sentence)
        logs = self._publish.logs(job, place)
        outputs = sum(file.kind is Stored.OUTPUT for file in kept.files)
        if outputs or logs:
            journal.say(f"kept {outputs} outputs and {len(logs)} logs")
        return Kept([*kept.files, *logs, *self._publish.last(job, place)], kept.problem)

    def _wants_outputs(self, hold: Hold) -> bool:
        job = hold.job
        if not hold.runs or job.deleted_at is not None:
            return False
        return job.reason is None or job.spec.keep_failed_outputs

    def _goes_again(self, hold: Hold, reason: Reason | None) -> bool:
        job = hold.job
        is_owners = reason is not None and reason.code in OWNERS
        return not (is_owners or hold.is_unwanted) and may_retry(job.spec.retry, job.attempt, reason)

    def _queue_again(self, hold: Hold, reason: Reason | None) -> Next:
        wait = wait_seconds(hold.job.attempt, self._tools.dice())
        how = "went well" if reason is None else "failed"
        told = Reason(
            "waiting_to_retry",
            f"Attempt {hold.job.attempt} of {hold.job.spec.retry.attempts} {how}; another follows.",
            "" if reason is None else f"{reason.code}: {reason.sentence}",
        )
        now = self._tools.clock.now()
        change = Change(to=State.QUEUED, reason=told, wake_at=now + wait, release=True)
        place = Workplace(self._tools.work, hold.uid, hold.job.attempt)
        hold.is_leaving = True
        hold.job = self._tools.store.change(hold.lease, change, now)
        log.info(
            "job goes again",
            extra={
                "job": hold.uid,
                "reason": reason.code if reason else None,
                "attempt": hold.job.attempt,
            },
        )
        place.remove_folders()
        self._forget_runs(hold)
        place.remove()
        return Done()

    def _patience(self, hold: Hold, error: FilesUnavailable) -> Next:
        log.warning("the object store is away", extra={"job": hold.uid, "reason": str(error)})
        pause = min(FIRST_PAUSE_SECONDS * 2**hold.troubles, LONGEST_PAUSE_SECONDS)
        hold.troubles = min(hold.troubles + 1, 16)
        return Pause(pause)

    def _end_grants(self, hold: Hold) -> bool:
        """False when the provider does not answer now: upkeep asks it again."""
        if not hold.job.spec.has_grants:
            return True
        try:
            self._tools.provider.end_grants(hold.uid)
        except ProviderUnavailable as error:
            log.warning("grants end later", extra={"job": hold.uid, "reason": str(error)})
            return False
        return True

    def clear(self, hold: Hold) -> Next:
        """Of a job that has ended: the mounts go before the engine forgets the runs, so that a worker that
        wakes up late cannot start one anew.
        """
        place = Workplace(self._tools.work, hold.uid, hold.job.attempt)
        place.remove_folders()
        self._forget_runs(hold)
        place.remove_job()
        return Done()

    def _forget_runs(self, hold: Hold) -> None:
        """And what connected them. What cannot be forgotten now is found again by upkeep."""
        environment = self._environment(hold)
        engine = self._tools.engines.get(environment.engine) if environment is not None else None
        if engine is None:
            return
        try:
            for run in hold.runs.values():
                if run.handle is not None:
                    engine.remove(Handle(run.handle))
            if hold.job.spec.gathered:
                engine.part(gathering_of(hold.uid, hold.job.attempt))
        except EngineAway:
            return

    def _seconds(self, hold: Hold) -> float:
        asked, environment = hold.job.spec.clocks.publish, self._environment(hold)
        if asked is not None:
            return asked
        return environment.publish_seconds if environment is not None else _PUBLISH_SECONDS

    def _keep_seconds(self, hold: Hold) -> float:
        environment = self._environment(hold)
        return float(environment.storage_seconds) if environment is not None else KEEP_SECONDS

    def _environment(self, hold: Hold) -> Environment | None:
        try:
            return self._tools.book.find(hold.job.spec.environment)
        except EnvironmentUnknown:
            return None

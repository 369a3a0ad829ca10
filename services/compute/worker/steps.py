"""What a worker does for a job in each of its states.

Every step may be cut short and done again: what was done is read from the store, the engine and the disk.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from services.compute.domain import layout
from services.compute.domain.environments import Environment
from services.compute.domain.errors import EnvironmentUnknown, Refused
from services.compute.domain.job import Job, Pull
from services.compute.domain.reasons import Reason
from services.compute.domain.spec_check import problems
from services.compute.domain.states import FINAL, State
from services.compute.ports.engines import EngineAway
from services.compute.ports.store import Change
from services.compute.worker.ending import Ending
from services.compute.worker.gone import Gone
from services.compute.worker.hold import Hold, Phase, unwanted
from services.compute.worker.journal import Journal
from services.compute.worker.nexts import Again, Done, Next
from services.compute.worker.pulling import Pulling
from services.compute.worker.running import Running
from services.compute.worker.slicing import Slicing
from services.compute.worker.stage_in import StageIn
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace

log = logging.getLogger(__name__)
AWAY_SECONDS: Final = 5.0  # until a queued job is tried again while its engine is away


class Steps:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stage_in = StageIn(tools)
        self._pulling = Pulling(tools)
        self._slicing = Slicing(tools)
        self._running = Running(tools, self._slicing)
        self._ending = Ending(tools)
        self._gone = Gone(tools, self._ending)
        self._by_state: Mapping[State, Callable[[Hold], Next]] = {
            State.QUEUED: self._begin,
            State.STAGING: self._stage,
            State.PULLING: self._pull,
            State.RUNNING: self._running.step,
            State.PUBLISHING: self._ending.step,
            **{state: self._ending.clear for state in FINAL},
        }

    def advance(self, hold: Hold) -> Next:
        """One step. Raises GivenUp, FencedOff, StoreUnavailable: the job is then as the store says."""
        hold.require(self._tools.clock.now())
        if self._gone.concerns(hold):
            return self._gone.step(hold)
        return self._by_state[hold.job.state](hold)

    def leave(self, hold: Hold) -> None:
        """The job is no longer this worker's: nothing of ours goes on with it."""
        self._slicing.leave(hold)

    def stop(self) -> None:
        """The worker goes."""
        self._slicing.stop()

    def _begin(self, hold: Hold) -> Next:
        if hold.is_unwanted:
            return self._ending.end(hold, State.CANCELLED, unwanted(hold.job), [])
        if hold.overdue:
            seconds = hold.job.spec.clocks.queue
            sentence = (
                f"No place was free for it within {seconds:g} seconds." if seconds else "It waited too long."
            )
            return self._ending.end(hold, State.FAILED, Reason("queue_timeout", sentence), [])
        if (refused := _refused(hold.job)) is not None:
            return self._ending.end(hold, State.FAILED, refused, [])
        environment = self._environment(hold)
        try:
            self._tools.engine_of(environment).ping()
        except EngineAway as error:
            log.warning("the engine is away", extra={"engine": environment.engine, "reason": str(error)})
            return self._wait_for_engine(hold, environment)
        self._move(hold, Change(to=State.STAGING, attempt_begins=True))
        return Again()

    def _stage(self, hold: Hold) -> Next:
        job, clocks = hold.job, hold.job.spec.clocks
        place = Workplace(self._tools.work, job.uid, job.attempt)
        seconds = self._environment(hold).stage_in_seconds if clocks.stage_in is None else clocks.stage_in
        late = Reason("stage_in_timeout", f"Its inputs did not come within {seconds:g} seconds.")
        phase = Phase(hold, self._tools.clock, seconds, late)
        try:
            self._bring(hold, place, phase)
        except Refused as refused:
            return self._fail(hold, refused.reason)
        except OSError as error:
            sentence = "The machine that was to run the job could not take its inputs."
            return self._fail(hold, Reason("input_unavailable", sentence, error.strerror or ""))
        self._move(hold, Change(to=State.PULLING))
        return Again()

    def _bring(self, hold: Hold, place: Workplace, phase: Phase) -> None:
        place.make()
        if place.is_staged:  # and the worker ended before it could say so
            phase.check()
            return
        journal = Journal(place.log(layout.STAGING), self._tools.clock)
        journal.say(f"attempt {hold.job.attempt}, {len(hold.job.spec.inputs)} inputs")
        aside = place.stage(hold.lease.fence)
        self._stage_in.bring(hold.job, aside, phase, journal)
        phase.check()
        place.put_in_place(aside)

    def _pull(self, hold: Hold) -> Next:
        job, clocks, environment = hold.job, hold.job.spec.clocks, self._environment(hold)
        place = Workplace(self._tools.work, job.uid, job.attempt)
        journal = Journal(place.log(layout.STAGING), self._tools.clock)
        seconds = environment.pull_seconds if clocks.pull is None else clocks.pull
        late = Reason("pull_timeout", f"Its image was not ready within {seconds:g} seconds.")
        phase = Phase(hold, self._tools.clock, seconds, late)
        pulls: list[Pull] = []
        try:
            self._pulling.make_ready(job, environment, phase, journal, pulls)
        except Refused as refused:
            return self._fail(hold, refused.reason, pulls)
        self._move(hold, Change(to=State.RUNNING, pulls=pulls))
        return Again()

    def _wait_for_engine(self, hold: Hold, environment: Environment) -> Next:
        reason = Reason("engine_away", f"The engine of {environment.id} does not answer.")
        wake_at = self._tools.clock.now() + AWAY_SECONDS
        hold.is_leaving = True
        self._move(hold, Change(to=None, reason=reason, wake_at=wake_at, release=True))
        return Done()

    def _fail(self, hold: Hold, reason: Reason, pulls: Sequence[Pull] | None = None) -> Next:
        """What a phase could not do; logs are kept all the same."""
        log.info("a phase failed", extra={"job": hold.uid, "state": hold.job.state, "reason": reason.code})
        self._move(hold, Change(to=State.PUBLISHING, reason=reason, pulls=pulls))
        return Again()

    def _environment(self, hold: Hold) -> Environment:
        name = hold.job.spec.environment
        environment = self._tools.book.find(name)
        if environment.engine not in self._tools.engines:
            raise EnvironmentUnknown(name)
        return environment

    def _move(self, hold: Hold, change: Change) -> None:
        hold.job = self._tools.store.change(hold.lease, change, self._tools.clock.now())
        if change.attempt_begins:
            hold.runs.clear()


def _refused(job: Job) -> Reason | None:
    """What a sweep's values made of its description was not looked at before, for every job of it."""
    if job.workflow is None or not job.workflow.parameters:
        return None
    problem = next(problems(job.spec), None)
    if problem is None:
        return None
    sentence = "With the values of its parameters the job cannot be run."
    return Reason("parameters_refused", sentence, ": ".join(problem))

"""The phase in which a job's commands run: tasks of a lane in sequence, lanes side by side.

A run is written down before the engine is asked, and found by its tag after a crash; what the engine says of
it is written down before anything follows from it. When the lanes that ended decide how the job ends
(lanes.py), the others are ended. Sidecars are started first and ended when all others have ended; how they
end decides nothing. Instances that are gathered have their addresses before the first of them starts.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from services.compute.domain import layout
from services.compute.domain.environments import Environment
from services.compute.domain.errors import Refused
from services.compute.domain.job import Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.states import State
from services.compute.ports.engines import Activity, Engine, EngineAway, Handle, Observed
from services.compute.ports.store import Change
from services.compute.worker.gathering import NOWHERE, Gathered, gather
from services.compute.worker.hold import Hold, unwanted
from services.compute.worker.journal import Journal
from services.compute.worker.lanes import (
    Lane,
    Verdict,
    deciding,
    ended_at,
    intended,
    is_forgiven,
    lanes_of,
    verdict,
    was_stopped,
)
from services.compute.worker.nexts import Again, Next, Pause, Watch
from services.compute.worker.run_specs import run_spec
from services.compute.worker.slicing import Slicing
from services.compute.worker.tee import add_streams
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import Workplace

log = logging.getLogger(__name__)
GRACE_SECONDS: Final = 30.0  # after its time, before the worker ends what the engine did not
AWAY_SECONDS: Final = 2.0  # between tries while the engine is away
OVERTAKEN = Reason("cancelled", "The job has ended without it.")


class Running:
    def __init__(self, tools: Tools, slicing: Slicing) -> None:
        self._tools = tools
        self._slicing = slicing

    def step(self, hold: Hold) -> Next:
        environment = self._tools.book.find(hold.job.spec.environment)
        engine = self._tools.engine_of(environment)
        try:
            if hold.away:
                engine.ping()
            hold.away = ""
            done = self._step(hold, environment, engine)
        except EngineAway as error:
            hold.away = str(error)
            done = Pause(AWAY_SECONDS)
        self._tell_away(hold)
        if done is not None:
            return done
        until = self._deadline(hold, environment) + GRACE_SECONDS
        return Watch(environment.engine, max(until, self._tools.clock.now() + AWAY_SECONDS))

    def _step(self, hold: Hold, environment: Environment, engine: Engine) -> Next | None:
        """None while something runs."""
        self._settle(hold)
        self._slicing.follow(hold)
        lanes = lanes_of(hold.job.spec, hold.runs.values())
        found = verdict(hold.job.spec, lanes)
        reason = found.reason if found is not None else self._stopper(hold, lanes, environment)
        if found is None and reason is None:
            return self._go_on(hold, lanes, environment, engine)
        self._end(hold, engine, lanes, OVERTAKEN if found is not None or reason is None else reason)
        lanes = lanes_of(hold.job.spec, hold.runs.values())
        if any(lane.run is not None and lane.run.state is not RunState.ENDED for lane in lanes):
            return None
        return self._finish(hold, lanes, found or verdict(hold.job.spec, lanes), reason)

    def _go_on(
        self, hold: Hold, lanes: Sequence[Lane], environment: Environment, engine: Engine
    ) -> Next | None:
        for lane in lanes:
            if not lane.has_ended:
                self._start(hold, lane, environment, engine)
        lanes = lanes_of(hold.job.spec, hold.runs.values())
        # A run that was refused at once: what follows from it is due now.
        is_due = verdict(hold.job.spec, lanes) is not None or any(map(was_stopped, deciding(lanes)))
        is_due = is_due or any(lane.run is None and not lane.has_ended for lane in lanes)
        return Again() if is_due else None

    # -- what the engine said ------------------------------------------------------------------------
    def _settle(self, hold: Hold) -> None:
        for run in list(hold.runs.values()):
            seen = hold.heed(Handle(run.handle or ""))
            if run.state is not RunState.SUBMITTED or seen is None:
                continue
            if seen.activity in (Activity.ENDED, Activity.LOST):
                self._note_end(hold, run, seen)
            elif seen.started_at is not None and run.started_at is None:
                self._note(hold, replace(run, started_at=seen.started_at))
                if hold.job.started_at is None:
                    self._change(hold, Change(to=None, started_at=seen.started_at))

    def _stopper(self, hold: Hold, lanes: Sequence[Lane], environment: Environment) -> Reason | None:
        """Why everything that runs is to end although it is not decided; None when it may go on."""
        if hold.is_unwanted:
            return unwanted(hold.job)
        if (trouble := self._slicing.trouble(hold)) is not None:
            return trouble
        if self._tools.clock.now() > self._deadline(hold, environment) + GRACE_SECONDS:
            return _late(self._seconds(hold, environment))
        return next((lane.reason for lane in deciding(lanes) if was_stopped(lane)), None)

    # -- what the engine is asked --------------------------------------------------------------------
    def _start(self, hold: Hold, lane: Lane, environment: Environment, engine: Engine) -> None:
        """Does nothing for a run that is with the engine already."""
        run, is_new = lane.run, lane.run is None
        if run is not None and run.state is not RunState.INTENDED:
            return
        try:
            gathered = self._gathered(hold, engine)
        except Refused as refused:
            run = run or self._intend(hold, lane, NOWHERE)
            self._note(hold, replace(run, state=RunState.ENDED, reason=refused.reason))
            return
        run = run or self._intend(hold, lane, gathered)
        if run.state is not RunState.INTENDED:
            return
        handle = None if is_new else engine.find(run.tag)
        if handle is None:
            left = self._deadline(hold, environment) - self._tools.clock.now()
            if left <= 0:
                self._note(
                    hold, replace(run, state=RunState.ENDED, reason=_late(self._seconds(hold, environment)))
                )
                return
            hold.require(self._tools.clock.now())
            place = Workplace(self._tools.work, hold.uid, hold.job.attempt)
            try:
                handle = engine.submit(
                    run_spec(hold.job, replace(lane, run=run), place, environment, left, gathered)
                )
            except Refused as refused:
                self._note(hold, replace(run, state=RunState.ENDED, reason=refused.reason))
                return
        self._note(hold, replace(run, state=RunState.SUBMITTED, handle=handle))

    def _gathered(self, hold: Hold, engine: Engine) -> Gathered:
        """Raises Refused."""
        if hold.gathered is None:
            hold.require(self._tools.clock.now())
            hold.gathered = gather(hold.job, engine)
        return hold.gathered

    def _intend(self, hold: Hold, lane: Lane, gathered: Gathered) -> Run:
        address = gathered.address((lane.role.name, lane.index))
        run = self._tools.store.intend(hold.lease, replace(intended(hold.job, lane), address=address))
        hold.runs[run.tag] = run
        return run

    def _end(self, hold: Hold, engine: Engine, lanes: Iterable[Lane], reason: Reason) -> None:
        """Whatever is with the engine is cancelled; what never came there is written off."""
        for lane in lanes:
            run = lane.run
            if run is None or run.state is RunState.ENDED:
                continue
            handle = Handle(run.handle) if run.handle else engine.find(run.tag)
            if handle is None:
                self._note(hold, replace(run, state=RunState.ENDED, reason=reason))
                continue
            if run.state is RunState.INTENDED:
                run = replace(run, state=RunState.SUBMITTED, handle=handle)
                self._note(hold, run)
            engine.cancel(handle)
            seen = engine.observe([handle])[handle]
            hold.observed[handle] = seen
            if seen.activity in (Activity.ENDED, Activity.LOST):
                self._note_end(hold, run, seen)

    # -- what is written down ------------------------------------------------------------------------
    def _finish(
        self, hold: Hold, lanes: Sequence[Lane], found: Verdict | None, reason: Reason | None
    ) -> Next:
        """`found` tells the exit code alone: what ended by itself while it was stopped is no failure."""
        decided = max(deciding(lanes), key=ended_at, default=None) if found is None else found.lane
        started = [run.started_at for run in hold.runs.values() if run.started_at is not None]
        self._change(
            hold,
            Change(
                to=State.PUBLISHING,
                reason=None if reason is not None and is_forgiven(hold.job.spec, reason) else reason,
                exit_code=None if decided is None or decided.run is None else decided.run.exit_code,
                started_at=min(started, default=None),
            ),
        )
        self._slicing.leave(hold)
        return Again()

    def _note_end(self, hold: Hold, run: Run, seen: Observed) -> None:
        job = hold.job
        place = Workplace(self._tools.work, job.uid, job.attempt)
        role = next(role for role in job.spec.roles if role.name == run.role)
        hold.require(self._tools.clock.now())
        self._slicing.ended(hold, _ended(run, seen))
        try:
            add_streams(job.spec, role.tasks[run.task % len(role.tasks)], run, place)
        except OSError as error:
            why = error.strerror or str(error)
            said = f"what {run.role}.{run.index}.{run.task} wrote could not be added to its file: {why}"
            Journal(place.log(layout.PUBLISHING), self._tools.clock).say(said)
        self._note(hold, _ended(run, seen))

    def _note(self, hold: Hold, run: Run) -> None:
        self._tools.store.note_run(hold.lease, run)
        hold.runs[run.tag] = run

    def _change(self, hold: Hold, change: Change) -> None:
        hold.job = self._tools.store.change(hold.lease, change, self._tools.clock.now())

    def _tell_away(self, hold: Hold) -> None:
        """The owner of a job reads that its engine is away, and no more of it when it is back."""
        if hold.job.state is not State.RUNNING or bool(hold.away) == hold.told_away:
            return
        if hold.away:
            log.warning("the engine is away", extra={"job": hold.uid, "reason": hold.away})
            sentence = "The engine that runs it does not answer; the job may well be running."
            self._change(hold, Change(to=None, reason=Reason("engine_away", sentence)))
        else:
            self._change(hold, Change(to=None, clear_reason=True))
        hold.told_away = bool(hold.away)

    def _seconds(self, hold: Hold, environment: Environment) -> float:
        asked = hold.job.spec.clocks.run
        return float(environment.max_job_seconds) if asked is None else asked

    def _deadline(self, hold: Hold, environment: Environment) -> float:
        return hold.job.state_since + self._seconds(hold, environment)


def _ended(run: Run, seen: Observed) -> Run:
    reason = seen.reason
    if seen.activity is Activity.LOST and reason is None:
        reason = Reason("engine_lost", "The engine lost the run.")
    return replace(
        run,
        state=RunState.ENDED,
        started_at=seen.started_at or run.started_at,
        ended_at=seen.ended_at,
        exit_code=seen.exit_code,
        signal=seen.signal,
        reason=reason,
        usage=seen.usage,
    )


def _late(seconds: float) -> Reason:
    return Reason("run_timeout", f"It ran for the {seconds:g} seconds that it may run.")

"""Small work on jobs that this worker holds: commands inside of them, snapshots of their folders.

Taken before anything is done, so that nothing is done twice; an errand whose worker died with it is failed by
the next holder of the job. Errands run beside the job's own steps and never hold them up.
"""

import logging
import stat
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from services.compute.domain import layout
from services.compute.domain.errands import (
    EXEC_BYTES,
    EXEC_SECONDS,
    SNAPSHOT_SECONDS,
    Errand,
    ErrandKind,
    ErrandState,
)
from services.compute.domain.errors import FencedOff, FilesUnavailable, Refused, StoreUnavailable
from services.compute.domain.ids import JobUid
from services.compute.domain.job import Run, RunState
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import MAIN, Spec
from services.compute.ports.engines import Command, EngineAway, Handle
from services.compute.ports.errands import Errands
from services.compute.worker.archives import archive, members_of
from services.compute.worker.gathering import known_of
from services.compute.worker.hold import GivenUp, Hold
from services.compute.worker.inside import NotPlain
from services.compute.worker.lanes import Lane, lanes_of
from services.compute.worker.run_specs import run_spec
from services.compute.worker.tools import Tools
from services.compute.worker.walk import Entry, Findings, ground_of
from services.compute.worker.workplace import Workplace

log = logging.getLogger(__name__)
THREADS: Final = 8
DIED: Final = "The worker that was at it is gone; ask again."
NOT_RUNNING: Final = "The job does not run at this moment."
NO_PATH: Final = "There is nothing at this path in the job."
_PIECE = 256 * 1024


class ErrandRunner:
    def __init__(self, tools: Tools, errands: Errands) -> None:
        self._tools = tools
        self._errands = errands
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="errand")
        self._lock = threading.Lock()
        self._at_work: set[str] = set()

    def inherit(self, uid: JobUid) -> None:
        """A job came to this worker: whatever somebody had taken of it before is lost. Raises
        StoreUnavailable.
        """
        taken = [errand for errand in self._errands.errands(uid) if errand.state is ErrandState.TAKEN]
        with self._lock:
            is_ours = any(errand.uid in self._at_work for errand in taken)
        if taken and not is_ours:
            self._errands.abandon(uid, DIED, self._tools.clock.now())

    def look(self, holds: Sequence[Hold]) -> None:
        """Begin what is asked of jobs that run here. Raises StoreUnavailable."""
        running = {hold.uid: hold for hold in holds if hold.handles()}
        for uid, errands in self._errands.asked(list(running), self._tools.clock.now()).items():
            for errand in errands:
                with self._lock:
                    if errand.uid in self._at_work:
                        continue
                    self._at_work.add(errand.uid)
                self._pool.submit(self._guarded, running[uid], errand)

    def leave(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _guarded(self, hold: Hold, errand: Errand) -> None:
        """The edge of an errand."""
        try:
            if self._errands.take(hold.lease, errand.uid, self._tools.clock.now()):
                done = self._done(hold, errand)
                self._errands.finish(hold.lease, done, self._tools.clock.now())
        except (FencedOff, GivenUp):
            log.info("an errand's job is another worker's by now", extra={"job": hold.uid})
        except StoreUnavailable:
            log.warning("an errand's end could not be noted", extra={"job": hold.uid})
        except Exception:  # a fault of ours: whoever waits for it hears that time ran out
            log.exception("an errand broke", extra={"job": hold.uid, "kind": errand.kind.value})
        finally:
            with self._lock:
                self._at_work.discard(errand.uid)

    def _done(self, hold: Hold, errand: Errand) -> Errand:
        try:
            if errand.kind is ErrandKind.EXEC:
                return self._execute(hold, errand)
            return self._snapshot(hold, errand)
        except Refused as refused:
            return _failed(errand, refused.reason.sentence)
        except EngineAway:
            return _failed(errand, "The engine does not answer at this moment.")
        except FilesUnavailable:
            return _failed(errand, "What it brought could not be kept.")

    def _execute(self, hold: Hold, errand: Errand) -> Errand:
        """Inside the first instance of the job's first role that is no sidecar."""
        job = hold.job
        environment = self._tools.book.find(job.spec.environment)
        lane, run = _running(job.spec, list(hold.runs.values()))
        if lane is None or run is None:
            return _failed(errand, NOT_RUNNING)
        place = Workplace(self._tools.work, job.uid, job.attempt)
        gathered = known_of(hold.runs.values())
        spec = run_spec(job, lane, place, environment, EXEC_SECONDS, gathered)
        command = Command(
            words=("/bin/sh", "-c", errand.argument),
            environment=spec.environment,
            working_folder=spec.working_folder,
        )
        engine = self._tools.engine_of(environment)
        done = engine.execute(Handle(run.handle or ""), command, EXEC_SECONDS, EXEC_BYTES)
        if done.exit_code is None:
            return _failed(errand, f"The command did not end within {EXEC_SECONDS:g} seconds.")
        if done.is_cut:
            return _failed(errand, f"The command wrote more than {EXEC_BYTES} bytes.")
        kept = self._tools.files.put(layout.stored_errand(job.uid, errand.uid), iter([done.output]))
        return replace(errand, state=ErrandState.DONE, exit_code=done.exit_code, size=kept.size)

    def _snapshot(self, hold: Hold, errand: Errand) -> Errand:
        job = hold.job
        place = Workplace(self._tools.work, job.uid, job.attempt)
        room = max((role.resources.disk_bytes for role in job.spec.roles), default=0) + _PIECE
        until = self._tools.clock.now() + SNAPSHOT_SECONDS

        def in_time(pieces: Iterator[bytes]) -> Iterator[bytes]:
            for piece in pieces:
                if self._tools.clock.now() > until or hold.is_given_up:
                    raise Refused(Reason("publish_timeout", "The snapshot took too long."))
                yield piece

        try:
            pieces = in_time(_packed(job.spec, place, errand.argument))
            kept = self._tools.files.put(layout.stored_errand(job.uid, errand.uid), pieces, room)
        except OSError as error:
            reason = Reason("output_refused", "What is at this path cannot be read.", error.strerror or "")
            raise Refused(reason) from error
        self._drop_older(errand)
        return replace(errand, state=ErrandState.DONE, size=kept.size)

    def _drop_older(self, errand: Errand) -> None:
        """Each snapshot may be as large as the job's disk: this one stays, and the one before it, which
        somebody may be reading.
        """
        others = self._errands.errands(errand.job, ErrandKind.SNAPSHOT)
        done = [older for older in others if older.uid != errand.uid and older.state is ErrandState.DONE]
        for older in done[:-1]:
            self._tools.files.remove(layout.stored_errand(errand.job, older.uid))


def _running(spec: Spec, runs: Sequence[Run]) -> tuple[Lane | None, Run | None]:
    for lane in lanes_of(spec, runs):
        run = lane.run
        is_main = not lane.role.sidecar or lane.role.name == MAIN
        if is_main and not lane.has_ended and run is not None and run.state is RunState.SUBMITTED:
            return lane, run
    return None, None


def _packed(spec: Spec, place: Workplace, path: str) -> Iterator[bytes]:
    """A folder, or one file, as one .tgz. Raises OSError, Refused."""
    ground, name = ground_of(spec.folders, path, place), PurePosixPath(path).name
    members = members_of(ground, (), Findings())
    if members is not None:
        return archive(ground, (), members, (name,))
    try:
        with ground.open_file(()) as file:
            size = file.seek(0, 2)
    except (FileNotFoundError, NotADirectoryError, NotPlain):
        raise Refused(Reason("output_missing", NO_PATH)) from None
    beside = ground_of(spec.folders, str(PurePosixPath(path).parent), place)
    return archive(beside, (), [Entry((name,), stat.S_IFREG | 0o644, size)], ())


def _failed(errand: Errand, sentence: str) -> Errand:
    return replace(errand, state=ErrandState.FAILED, sentence=sentence)

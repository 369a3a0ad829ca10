"""What nobody waits for: orphaned runs, folders of jobs that are over, grants that nobody could end; jobs of
people who were removed; jobs, uploads and turns whose time is over.

Workers die between any two effects; whatever they leave, this finds, at start and for ever. Every part may be
done by several workers at once.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from services.compute.domain import layout
from services.compute.domain.errors import ComputeError, JobNotFound
from services.compute.domain.ids import Tag, gathered_attempt, is_uid
from services.compute.domain.states import State
from services.compute.ports.engines import Engine, EngineAway
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.provider import ProviderUnavailable
from services.compute.usecases.objects import clear_waste
from services.compute.usecases.registering import FOLDERS, forget_unnamed
from services.compute.worker import meters
from services.compute.worker.departed import stop_departed
from services.compute.worker.tools import Tools
from services.compute.worker.workplace import remove_tree

log = logging.getLogger(__name__)
ORPHAN_SECONDS: Final = 10.0  # between looks at the engines
SWEEP_SECONDS: Final = 60.0  # between looks at folders and at jobs whose time is over
RARE_SECONDS: Final = 3600.0  # between looks at uploads and turns
PURGE_LIMIT: Final = 100
TURNS: Final = 1000  # of each environment, besides those of owners who wait there
GRANTS_LIMIT: Final = 20
_GATHERED: Final = frozenset({State.RUNNING, State.PUBLISHING})  # jobs that may have a gathering
GRANTS_SECONDS: Final = 60.0  # until the provider is asked again to end what it did not answer for


class Upkeep:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._strangers: dict[str, set[Tag]] = {}
        self._folder = int(tools.dice() * FOLDERS) % FOLDERS

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def orphans(self) -> int:
        """End runs whose job is over, and those that no job knows when they are seen a second time: rows are
        written before runs are started, so a run without a row is nobody's. Then gatherings of attempts that
        are over. Raises StoreUnavailable.
        """
        ended = 0
        for name, engine in self._tools.engines.items():
            try:
                ended += self._orphans_of(name, engine)
                ended += self._part_old(name, engine)
            except EngineAway as error:
                log.warning("the engine is away", extra={"engine": name, "reason": str(error)})
        return ended

    def grants(self) -> int:
        """End what ended jobs were granted, where nobody could at their end. Raises StoreUnavailable."""
        ended = 0
        for uid in self._tools.store.granted(self._tools.clock.now(), GRANTS_LIMIT):
            try:
                self._tools.provider.end_grants(uid)
            except ProviderUnavailable as error:
                log.warning("grants end later", extra={"job": uid, "reason": str(error)})
                self._tools.store.note_grants(uid, self._tools.clock.now() + GRANTS_SECONDS)
                break  # the others wait for the next look, those that were not tried first
            self._tools.store.note_grants(uid, None)
            ended += 1
        return ended

    def sweep(self) -> int:
        """Remove folders of jobs that are over, and of their earlier attempts. Raises StoreUnavailable."""
        try:
            names = [name for name in os.listdir(self._tools.work) if is_uid(name)]
        except FileNotFoundError:
            return 0
        removed = 0
        for uid in names:
            folder = self._tools.work / uid
            # Read before the row: an attempt that begins in between is not among them.
            attempts = [path for path in folder.glob("*") if path.name.isdecimal()]
            try:
                job = self._tools.store.find(uid, None)
            except JobNotFound:
                removed += 1
                remove_tree(folder)
                continue
            old = [folder] if job.is_final else [path for path in attempts if int(path.name) < job.attempt]
            for path in old:
                removed += 1
                remove_tree(path)
        return removed

    def purge(self) -> int:
        """Remove jobs whose time is over, files first. Raises StoreUnavailable, FilesUnavailable."""
        uids = self._tools.store.expired(self._tools.clock.now(), PURGE_LIMIT)
        for uid in uids:
            self._tools.files.remove(layout.stored_job(uid))
            self._tools.store.purge(uid)
            meters.PURGED.inc()
        return len(uids)

    def workflows(self) -> int:
        """Remove workflows whose time is over, once their jobs are gone. Raises StoreUnavailable."""
        uids = self._tools.workflows.expired_workflows(self._tools.clock.now(), PURGE_LIMIT)
        for uid in uids:
            self._tools.workflows.purge_workflow(uid)
        return len(uids)

    def sandboxes(self) -> int:
        """Remove uploads whose time is over, except of owners of whose jobs one may still need them. Raises
        StoreUnavailable, FilesUnavailable.
        """
        before = self._tools.clock.now() - self._tools.sandbox_keep_seconds
        needed = {layout.sandboxes(owner) for owner in self._tools.store.busy_owners()}
        removed = 0
        for path in self._tools.files.unchanged_since(layout.SANDBOXES, before):
            if path.rpartition("/")[0] not in needed:
                self._tools.files.remove(path)
                removed += 1
        return removed

    def objects(self) -> int:
        """Remove bytes of stored objects that nobody names any more. Raises StoreUnavailable,
        FilesUnavailable.
        """
        tools = self._tools
        return clear_waste(tools.objects, tools.files, tools.clock.now(), PURGE_LIMIT)

    def unnamed(self) -> int:
        """Give up what the file catalogue names no more; a folder at a time, all of them in some hours.
        Raises StoreUnavailable.
        """
        tools, folder = self._tools, self._folder
        self._folder = (folder + 1) % FOLDERS
        try:
            return forget_unnamed(tools.objects, tools.catalogue, folder, tools.clock.now())
        except CatalogueUnavailable as error:
            log.warning("the file catalogue is away", extra={"reason": str(error)})
            return 0

    def departed(self) -> int:
        """Stop what removed people have under way. Raises StoreUnavailable, PeopleUnavailable."""
        tools = self._tools
        return 0 if tools.people is None else stop_departed(tools.store, tools.people, tools.clock.now())

    def turns(self) -> int:
        """Forget turns that decide nothing any more. Raises StoreUnavailable."""
        return self._tools.store.forget_turns(TURNS)

    def _orphans_of(self, name: str, engine: Engine) -> int:
        tags = engine.tags()
        known = self._tools.store.tags(tags) if tags else {}
        strangers = {tag for tag in tags if tag not in known}
        over = [tag for tag in tags if known.get(tag) is False]
        over += strangers & self._strangers.get(name, set())
        self._strangers[name] = strangers
        for tag in over:
            handle = engine.find(tag)
            if handle is None:
                continue
            engine.cancel(handle)
            engine.remove(handle)
            meters.ORPHANS.labels(name).inc()
            log.warning("a run without a job was ended", extra={"engine": name, "tag": tag})
        return len(over)

    def _part_old(self, name: str, engine: Engine) -> int:
        """A job's row is older than anything that is gathered for it."""
        old = [each for each in engine.gatherings() if not self._is_needed(each)]
        for each in old:
            engine.part(each)
            log.warning("a gathering without a job was ended", extra={"engine": name, "gathering": each})
        return len(old)

    def _is_needed(self, gathering: str) -> bool:
        known = gathered_attempt(gathering)
        if known is None:
            return True  # none of ours: whoever made it ends it
        uid, attempt = known
        try:
            job = self._tools.store.find(uid, None)
        except JobNotFound:
            return False
        return job.attempt == attempt and job.state in _GATHERED

    def _run(self) -> None:
        slow, rare = SWEEP_SECONDS, RARE_SECONDS
        while True:
            self._safely(self.orphans)
            self._safely(self.grants)
            if slow >= SWEEP_SECONDS:
                slow = 0.0
                self._safely(self.sweep)
                self._safely(self.unnamed)
                self._safely(self.departed)
                for part in (self.purge, self.workflows, self.objects):
                    while self._safely(part) == PURGE_LIMIT and not self._stop.is_set():
                        continue
            if rare >= RARE_SECONDS:
                rare = 0.0
                self._safely(self.sandboxes)
                self._safely(self.turns)
            if self._stop.wait(ORPHAN_SECONDS):
                return
            slow += ORPHAN_SECONDS
            rare += ORPHAN_SECONDS

    def _safely(self, part: Callable[[], int]) -> int:
        try:
            return part()
        except ComputeError as error:
            log.warning("upkeep has to wait", extra={"part": part.__name__, "reason": str(error)})
        except Exception:  # the edge of a thread: the other parts must go on
            log.exception("upkeep failed", extra={"part": part.__name__})
        return 0

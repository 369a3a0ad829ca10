"""Makes the jobs of workflows as there is room for them. Any worker may feed any workflow, at any time."""

import logging
from typing import Final

from services.compute.domain.errors import StoreUnavailable, WorkflowNotFound
from services.compute.domain.ids import JobUid
from services.compute.worker import meters
from services.compute.worker.tools import Tools

log = logging.getLogger(__name__)
LIMIT: Final = 20  # workflows in one pass
FAULT_SECONDS: Final = 60.0  # until one that could not be fed by our own fault is tried again


class Feeder:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._broken: dict[JobUid, float] = {}  # when each is tried again

    def look(self) -> int:
        """Feed what is due: how many jobs were made. Raises StoreUnavailable."""
        now = self._tools.clock.now()
        self._broken = {uid: again_at for uid, again_at in self._broken.items() if again_at > now}
        due = self._tools.workflows.due_workflows(now, LIMIT + len(self._broken))
        return sum(self._feed(uid) for uid in due if uid not in self._broken)

    def _feed(self, uid: JobUid) -> int:
        tools = self._tools
        try:
            fed = tools.workflows.feed(uid, tools.quotas, tools.clock.now())
        except StoreUnavailable:
            raise
        except WorkflowNotFound:  # purged meanwhile
            return 0
        except Exception:  # one that cannot be fed must not keep the others from it
            log.exception("a workflow could not be fed", extra={"workflow": uid})
            meters.FAULTS.inc()
            self._broken[uid] = tools.clock.now() + FAULT_SECONDS
            return 0
        if fed.is_final:
            log.info("workflow ended", extra={"workflow": uid})
        return fed.made

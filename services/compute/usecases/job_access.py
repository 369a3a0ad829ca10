"""Who may see which jobs, and act on them, in virtual organisations (DIRAC contract 2.14).

Whoever owns a job may do all with it, and with JobSharing whoever is in its group; JobAdministrator with all
jobs of the organisation. JobMonitor sees these. Jobs that were filed under none are their owners' alone.
"""

from dataclasses import dataclass
from typing import Final

from libs.web.principal import Principal
from services.compute.domain.errors import JobNotFound
from services.compute.domain.job import Job
from services.compute.domain.sheets import UNFILED, Scope, Sheet
from services.compute.ports.sheets import JobSheets
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.viewers import Viewer, viewer_of

ADMINISTRATOR: Final = "JobAdministrator"
MONITOR: Final = "JobMonitor"
SHARING: Final = "JobSharing"


@dataclass(frozen=True, slots=True)
class Seen:
    """A job that the caller may see. `sheet` is None when it was filed without one."""

    job: Job
    sheet: Sheet | None
    may_act: bool

    @property
    def viewer(self) -> Viewer:
        """To act as its owner."""
        return Viewer(frozenset({self.job.owner}))


class JobAccess:
    """`shows_all`: whoever is in an organisation sees all its jobs."""

    def __init__(self, jobs: Jobs, sheets: JobSheets, shows_all: bool = False) -> None:
        self._jobs = jobs
        self._sheets = sheets
        self._shows_all = shows_all

    def own(self, principal: Principal) -> Scope:
        return Scope(owners=viewer_of(principal).owners or ())

    def visible(self, principal: Principal) -> Scope:
        """The caller's own, and what else they may see."""
        own = viewer_of(principal).owners or ()
        if principal.vo and self._sees_all(principal):
            return Scope(owners=own, realm=principal.vo)
        if principal.vo and self._shares(principal):
            return Scope(owners=own, realm=principal.vo, groups=_groups(principal))
        return Scope(owners=own)

    def find(self, ref: int | str, principal: Principal) -> Seen:
        """Raises JobNotFound for what the caller may not see."""
        job = self._jobs.find(ref, Viewer(None))
        sheet = self._sheets.sheets([job.id]).get(job.id)
        if job.owner in (viewer_of(principal).owners or ()):
            return Seen(job, sheet, may_act=True)
        if sheet is None or not principal.vo or sheet.realm != principal.vo:
            raise JobNotFound(str(ref)[:64])
        shared = self._shares(principal) and sheet.owner_group in _groups(principal)
        if shared or ADMINISTRATOR in principal.properties:
            return Seen(job, sheet, may_act=True)
        if self._sees_all(principal):
            return Seen(job, sheet, may_act=False)
        raise JobNotFound(str(ref)[:64])

    def _sees_all(self, principal: Principal) -> bool:
        return self._shows_all or bool({ADMINISTRATOR, MONITOR}.intersection(principal.properties))

    def _shares(self, principal: Principal) -> bool:
        return SHARING in principal.properties and bool(principal.group)


def unfiled(principal: Principal) -> Sheet:
    """What stands for the sheets of the caller's jobs that have none."""
    group = principal.group or ""
    return Sheet(owner_name=principal.name, owner_group=group, realm=principal.vo or UNFILED.realm)


def _groups(principal: Principal) -> tuple[str, ...]:
    return (principal.group,) if principal.group else ()

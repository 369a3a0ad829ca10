"""What this room is built from."""

from dataclasses import dataclass, field

from services.compute.dialects.dirac.limits import Limits
from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.ports import Clock
from services.compute.ports.lfns import LogicalFiles
from services.compute.ports.links import Links
from services.compute.ports.sheets import JobSheets
from services.compute.usecases.job_access import JobAccess
from services.compute.usecases.job_archives import JobArchives
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.placing import Placing
from services.compute.usecases.registering import RegisterOutputs
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.results import Results
from services.compute.usecases.sandboxes import Sandboxes
from services.compute.usecases.submit import Submit


@dataclass(frozen=True, slots=True, kw_only=True)
class DiracParts:
    """`setup` is the one that jobs of credentials without one are filed under; `files` is the catalogue.
    `public_url` is where clients reach us; `usual_form` the archive of a sandbox that nobody asked for in
    another.
    """

    submit: Submit
    repeat: Repeat
    jobs: Jobs
    sheets: JobSheets
    access: JobAccess
    logs: JobLogs
    placing: Placing
    sandboxes: Sandboxes
    files: LogicalFiles
    results: Results
    archives: JobArchives
    register: RegisterOutputs
    links: Links
    clock: Clock
    sites: Sites = field(default_factory=Sites)
    limits: Limits = field(default_factory=Limits)
    setup: str = ""
    public_url: str = ""
    usual_form: str = "tar.gz"

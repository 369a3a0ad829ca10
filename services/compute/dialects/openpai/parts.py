"""What this room is built from."""

from collections.abc import Callable
from dataclasses import dataclass

from libs.web.principal import Principal
from services.compute.ports import Clock
from services.compute.usecases.clusters import Clusters
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.named_jobs import NamedJobs
from services.compute.usecases.placing import Placing
from services.compute.usecases.submit import Submit


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPaiParts:
    """`public_url` is where clients reach us, empty to take it from each request. `root_uri` is what jobs are
    told the site's storage is called. With `is_open` anybody may see which jobs were born here and how they
    are. `images` are patterns of names, none for all. `keep_seconds` is how long jobs are kept after their
    end, as far as their environments allow it, and `promised_seconds` what all of these allow. `people`
    finds a user by name, for administrators who submit jobs for others; None says that nobody can.
    """

    submit: Submit
    jobs: Jobs
    named: NamedJobs
    placing: Placing
    logs: JobLogs
    clusters: Clusters
    clock: Clock
    root_uri: str
    public_url: str = ""
    is_open: bool = True
    images: tuple[str, ...] = ()
    keep_seconds: float = 30 * 86400.0
    overcommit: float = 1.0  # as many times an environment's cpus one job may ask for
    promised_seconds: float = 30 * 86400.0
    people: Callable[[str], Principal | None] | None = None

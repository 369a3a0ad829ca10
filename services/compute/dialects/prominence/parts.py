"""What this room is built from."""

from dataclasses import dataclass

from services.compute.dialects.prominence.stores import StoreParts
from services.compute.ports import Clock
from services.compute.ports.links import Links
from services.compute.usecases.copies import Copies
from services.compute.usecases.errands import Ask
from services.compute.usecases.job_text import JobText
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.placing import Placing
from services.compute.usecases.results import Results
from services.compute.usecases.submit import Submit
from services.compute.usecases.workflows import Workflows


@dataclass(frozen=True, slots=True, kw_only=True)
class ProminenceParts:
    """`public_url` is where clients reach us, empty to take it from each request. `exit_completes`: a job
    whose program failed is shown as completed, as the newer servers of PROMINENCE did. Without `errands`
    nothing is done inside of running jobs; without `stores` there are no files, keys, accounts and sites.
    """

    submit: Submit
    copies: Copies
    jobs: Jobs
    workflows: Workflows
    placing: Placing
    results: Results
    text: JobText
    errands: Ask | None
    links: Links
    clock: Clock
    stores: StoreParts | None = None
    public_url: str = ""
    exit_completes: bool = False

"""What this room is built from."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.quotas import Quotas
from services.compute.ports import Clock
from services.compute.ports.engines import Abilities
from services.compute.usecases.dead_letters import DeadLetters
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.errands import Ask
from services.compute.usecases.follow import Follow
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.results import Results
from services.compute.usecases.sandboxes import Sandboxes
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit
from services.compute.usecases.workflows import Workflows


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeParts:
    submit: Submit
    jobs: Jobs
    workflows: Workflows
    errands: Ask
    repeat: Repeat
    results: Results
    logs: JobLogs
    follow: Follow
    sandboxes: Sandboxes
    dead_letters: DeadLetters
    running: RunningJobs
    environments: EnvironmentBook
    engines: Mapping[str, Abilities]
    quotas: Quotas
    clock: Clock
    streams: Streams

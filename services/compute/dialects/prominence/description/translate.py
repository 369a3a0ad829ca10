"""From a description to a new job or workflow, and from what the job core says of it back to places in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from services.compute.dialects.prominence.description.jobs import AskedJob, read_job
from services.compute.dialects.prominence.description.policies import Placement, Policies
from services.compute.dialects.prominence.description.problems import BadDescription, Notes, Problem, quoted
from services.compute.dialects.prominence.description.shown import shown_job, shown_workflow
from services.compute.dialects.prominence.description.specs import Circle, spec_of
from services.compute.dialects.prominence.description.traces import places_of
from services.compute.dialects.prominence.description.values import Unreadable, plain
from services.compute.dialects.prominence.description.workflows import AskedWorkflow, read_workflow
from services.compute.domain.errors import BadSpec, EnvironmentRefuses
from services.compute.domain.job import NewJob
from services.compute.domain.objects import address_of, is_object_name
from services.compute.domain.spec import Spec
from services.compute.domain.step_check import step_problems
from services.compute.domain.sweep import Sweep
from services.compute.domain.workflow import NewWorkflow, Step
from services.compute.usecases.placing import Placing

DIALECT: Final = "prominence"
NO_PLACE: Final = "No matching resources"
New = TypeVar("New", NewJob, NewWorkflow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who describes, and what the gateway offers. `url` is the API's own address, told to jobs;
    `failure_completes`: a job whose program exits with a failure has completed all the same.
    """

    owner: str
    username: str
    groups: tuple[str, ...]
    placing: Placing
    url: str = ""
    failure_completes: bool = False


@dataclass(frozen=True, slots=True)
class Described(Generic[New]):
    """What the job core takes."""

    new: New
    _place: Callable[[str], str]

    def told(self, error: BadSpec | EnvironmentRefuses) -> BadDescription:
        """The same of the description."""
        return _moved(error, self._place)


def describe_job(document: Any, terms: Terms) -> Described[NewJob]:
    """Raises BadDescription with every problem."""
    notes = Notes()
    job = read_job(_plain(document), "", notes)
    if job is not None:
        _check_objects(job, terms, notes)
    notes.settle()
    assert job is not None
    spec = _placed(job, _circle(terms), terms.placing)
    _settle_spec(Step(name=job.name, spec=spec), job)
    new = NewJob(
        owner=terms.owner,
        dialect=DIALECT,
        spec=spec,
        name=job.name,
        labels=job.labels,
        groups=terms.groups,
        facts={DIALECT: shown_job(job.document)},
        lingers=job.policies.lingers,
        notices=job.notices,
    )
    return Described(new, lambda place: places_of(job).of(place))


def describe_workflow(document: Any, terms: Terms) -> Described[NewWorkflow]:
    """Raises BadDescription with every problem."""
    notes = Notes()
    workflow = read_workflow(_plain(document), notes)
    if workflow is not None:
        for job in workflow.jobs:
            _check_objects(job, terms, notes)
    notes.settle()
    assert workflow is not None
    new = NewWorkflow(
        owner=terms.owner,
        dialect=DIALECT,
        steps=_steps(workflow, terms),
        name=workflow.name,
        labels=workflow.labels,
        groups=terms.groups,
        facts={DIALECT: shown_workflow(workflow.document)},
        lingers=workflow.policies.lingers,
        notices=workflow.notices,
    )
    return Described(new, lambda place: _place_in_workflow(place, workflow.jobs))


def _plain(document: Any) -> Any:
    try:
        return plain(document)
    except Unreadable as error:
        raise BadDescription([("", str(error))]) from None


def _circle(terms: Terms) -> Circle:
    return Circle(
        owner=terms.owner,
        username=terms.username,
        groups=terms.groups,
        url=terms.url,
        failure_completes=terms.failure_completes,
    )


def _check_objects(job: AskedJob, terms: Terms, notes: Notes) -> None:
    """Whether the names of stored objects are some that this caller can have."""
    for number, artifact in enumerate(job.files.artifacts):
        if not artifact.is_object or not artifact.name:
            continue
        here = f"{job.path}/artifacts/{number}/url"
        address = address_of(artifact.url, terms.owner, terms.groups)
        if address is None:
            notes.add(here, f"Not authorized to access artifact {quoted(artifact.url)[1:-1]}")
        elif not is_object_name(address.name):
            notes.add(here, f"Artifact {quoted(artifact.url)[1:-1]} does not exist")


# -- steps -------------------------------------------------------------------------------------------
def _steps(workflow: AskedWorkflow, terms: Terms) -> tuple[Step, ...]:
    """The problems of all, and not of the first alone."""
    problems: list[Problem] = []
    steps: list[Step] = []
    for job in workflow.jobs:
        try:
            steps.append(_step(job, workflow, terms))
        except BadDescription as error:
            problems += error.problems
    if problems:
        raise BadDescription(problems)
    return tuple(steps)


def _step(job: AskedJob, workflow: AskedWorkflow, terms: Terms) -> Step:
    sweep = workflow.sweeps.get(job.name)
    job = replace(job, policies=_with_workflow(job.policies, workflow.policies))
    circle = replace(_circle(terms), in_workflow=True, parameters=_names(sweep))
    step = Step(
        name=job.name,
        spec=_placed(job, circle, terms.placing),
        after=workflow.after.get(job.name, ()),
        sweep=sweep,
        labels=job.labels,
        facts={DIALECT: shown_job(job.document)},
        notices=job.notices,
    )
    _settle_spec(step, job)
    return step


def _names(sweep: Sweep | None) -> tuple[str, ...] | None:
    return None if sweep is None else tuple(parameter.name for parameter in sweep.parameters)


def _with_workflow(own: Policies, whole: Policies) -> Policies:
    """Its placement takes the place of the job's own; of retries the larger number counts."""
    return replace(own, placement=whole.placement or own.placement, retries=max(own.retries, whole.retries))


# -- places and problems -----------------------------------------------------------------------------
def _placed(job: AskedJob, circle: Circle, placing: Placing) -> Spec:
    """Raises BadDescription."""
    wanted = job.policies.placement or Placement()
    try:
        return placing.place(
            lambda environment, abilities: spec_of(job, circle, environment, abilities),
            wanted.required,
            wanted.preferred,
        )
    except EnvironmentRefuses as error:
        raise _moved(error, places_of(job).of) from None


def _settle_spec(step: Step, job: AskedJob) -> None:
    """Raises BadDescription."""
    found = list(step_problems(step))
    if found:
        raise _moved(BadSpec(found), places_of(job).of)


def _moved(error: BadSpec | EnvironmentRefuses, place: Callable[[str], str]) -> BadDescription:
    prefix = f"{NO_PLACE}: " if isinstance(error, EnvironmentRefuses) else ""
    return BadDescription([(place(where), f"{prefix}{text}") for where, text in error.problems])


def _place_in_workflow(place: str, jobs: Sequence[AskedJob]) -> str:
    """Of a problem at `/steps/<n>/...`: of its spec, or of how it stands among the others."""
    parts = place.split("/", 3)
    if len(parts) < 3 or parts[1] != "steps" or not parts[2].isdigit() or int(parts[2]) >= len(jobs):
        return place
    rest = f"/{parts[3]}" if len(parts) > 3 else ""
    for beginning, member in (("/after", "/dependencies"), ("/sweep", "/factories")):
        if rest.startswith(beginning):
            return member
    return places_of(jobs[int(parts[2])]).of(rest.removeprefix("/spec"))

"""Jobs of other windows as this one shows them: each instance of their roles is a slice, which nobody can
add to. What one left is `{"exitCode": 0}`; any other code is a slice that failed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.compute.dialects.dcp.ranges import holds
from services.compute.domain.job import Job, Run, RunState
from services.compute.domain.slices import SliceCounts, SliceResult, SliceState, Span
from services.compute.domain.spec import Role, lanes

CODES: Final[Mapping[str, str]] = {
    "memory_limit": "EMEMORY",
    "run_timeout": "ESLICETOOSLOW",
    "engine_lost": "EWORKERLOST",
    "engine_failed": "EWORKERLOST",
}
_ENDED: Final = "It ended without an exit code."


def counts_of(job: Job, runs: Sequence[Run]) -> SliceCounts:
    ran = _by_lane(job, runs)
    over = list(_over(job, ran))
    done = sum(result.state is SliceState.DONE for result in over)
    return SliceCounts(
        total=job.spec.instances,
        distributed=len(ran),
        active=0 if job.is_final else len(ran) - len(over),
        done=done,
        failed=len(over) - done,
        cpu_seconds=sum(run.usage.cpu_seconds or 0.0 for run in runs),
        is_closed=True,
    )


def results_of(
    job: Job, runs: Sequence[Run], spans: Sequence[Span] = (), after: int = 0
) -> Iterator[SliceResult]:
    """Rising, those above `after` alone."""
    for result in _over(job, _by_lane(job, runs)):
        if result.number > after and holds(spans, result.number):
            yield result


def unfinished(job: Job, runs: Sequence[Run], spans: Sequence[Span]) -> int:
    over = {result.number for result in results_of(job, runs, spans)}
    existing = (number for number in range(1, job.spec.instances + 1) if holds(spans, number))
    return sum(number not in over for number in existing)


def _by_lane(job: Job, runs: Sequence[Run]) -> Mapping[int, tuple[Role, Run]]:
    """The last run of each instance in the current attempt, by the number of its slice."""
    numbers = {(role.name, index): number for number, (role, index) in enumerate(lanes(job.spec), start=1)}
    roles = {role.name: role for role in job.spec.roles}
    found: dict[int, tuple[Role, Run]] = {}
    for run in sorted(runs, key=lambda each: each.task):
        number = numbers.get((run.role, run.index))
        if run.attempt == job.attempt and number is not None:
            found[number] = (roles[run.role], run)
    return dict(sorted(found.items()))


def _over(job: Job, ran: Mapping[int, tuple[Role, Run]]) -> Iterator[SliceResult]:
    for number, (role, run) in ran.items():
        if run.state is not RunState.ENDED:
            if job.is_final:
                yield _failed(number, run)
            continue
        is_last = run.task % len(role.tasks) == len(role.tasks) - 1 and run.exit_code == 0
        if not (job.is_final or is_last):
            continue
        if run.exit_code == 0:
            yield _result(number, run, SliceState.DONE, {"exitCode": 0})
        else:
            yield _failed(number, run)


def _failed(number: int, run: Run) -> SliceResult:
    code = "" if run.reason is None else run.reason.code
    error: dict[str, object] = {
        "code": CODES.get(code, "EUNCAUGHT"),
        "name": "Error",
        "message": _sentence(run),
        "stack": "",
    }
    known = {} if run.exit_code is None else {"exitCode": run.exit_code}
    return _result(number, run, SliceState.FAILED, {**error, **known})


def _sentence(run: Run) -> str:
    if run.reason is not None:
        return run.reason.sentence
    return _ENDED if run.exit_code is None else f"It ended with {run.exit_code}."


def _result(number: int, run: Run, state: SliceState, body: Mapping[str, object]) -> SliceResult:
    text = json.dumps(body, separators=(",", ":"))
    return SliceResult(number=number, state=state, body=text, cpu_seconds=run.usage.cpu_seconds or 0.0)

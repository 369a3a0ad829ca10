"""What this room shows of jobs (contract 4.2, 4.3 and 4.5). Times are milliseconds, or null; no member is
ever left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.openpai import states
from services.compute.dialects.openpai.facts import Known
from services.compute.dialects.openpai.translate import Block, app_id, container_id
from services.compute.domain.job import Job, Run, RunState
from services.compute.domain.spec import lanes
from services.compute.domain.states import State

Document = dict[str, Any]
_PORT_WORDS: Final = 4  # of each label, at the end of a task's command
_FIXED_WORDS: Final = 7  # before them


@dataclass(frozen=True, slots=True)
class Before:
    """Of a job that was started again: what its predecessors count for it."""

    retries: int = 0
    created_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A job as it is shown. `runs` are of its current attempt; `said` is the end of what the deciding task
    wrote to stderr, empty for those who may not read logs; `base` is where we are reached.
    """

    job: Job
    known: Known
    before: Before = Before()
    base: str = ""
    runs: Sequence[Run] = ()
    said: str = ""


def legacy_row(shown: Shown) -> Document:
    job, known = shown.job, shown.known
    return {
        "name": known.framework,
        "username": known.username,
        "state": states.raw_state(job),
        "retries": _retries(shown),
        "createdTime": _created(shown),
        "completedTime": _ms(job.finished_at),
        "appTrackingUrl": tracking_url(shown),
        "appExitType": states.exit_type(job),
    }


def legacy_status(shown: Shown) -> Document:
    job = shown.job
    return {**legacy_row(shown), **_application(shown), "jobState": states.word(job), **_stopper(job)}


def v1_row(shown: Shown) -> Document:
    job, known = shown.job, shown.known
    row: Document = {
        "name": known.name,
        "username": known.username,
        "state": states.word(job),
        "subState": states.raw_state(job),
        "executionType": states.execution_type(job),
        "retries": _retries(shown),
        "createdTime": _created(shown),
        "completedTime": _ms(job.finished_at),
        "appExitCode": states.exit_code(job),
        "virtualCluster": known.cluster,
    }
    if not known.scope:
        row["legacy"] = True
    elif known.scope != known.username:
        row["namespace"] = known.scope
    return {**row, "stopping": True} if states.is_stopping(job) else row


def v1_detail(shown: Shown) -> Document:
    job, known = shown.job, shown.known
    status = {**v1_row(shown), "name": known.framework, **_application(shown), **_stopper(job)}
    return {
        "name": known.name,
        "jobStatus": status,
        "taskRoles": {
            name: {
                "taskRoleStatus": {"name": name},
                "taskStatuses": [_task(shown, number, index) for index in range(role.count)],
            }
            for number, (name, role) in enumerate(zip(known.roles, job.spec.roles, strict=True))
        },
    }


def tracking_url(shown: Shown) -> str:
    return f"{shown.base}/api/job/{shown.known.framework}"


def deciding_run(job: Job, runs: Sequence[Run]) -> Run | None:
    """The task that made the job fail: the first that failed, the last where all were waited for."""
    failed = [
        run for run in runs if run.state is RunState.ENDED and states.task_state(run, job) == states.FAILED
    ]
    same = [run for run in failed if job.exit_code is not None and run.exit_code == job.exit_code]
    choose = max if job.spec.judged_late else min
    return choose(same or failed, key=lambda run: run.ended_at or 0.0, default=None)


def _application(shown: Shown) -> Document:
    job = shown.job
    return {
        "appId": app_id(shown.known.moment, job.id) if job.attempt else None,
        "appProgress": _progress(shown),
        "appTrackingUrl": tracking_url(shown),
        "appLaunchedTime": _ms(job.started_at),
        "appCompletedTime": _ms(job.finished_at),
        "appExitCode": states.exit_code(job),
        "appExitDiagnostics": _diagnostics(shown),
        "appExitType": states.exit_type(job),
    }


def _diagnostics(shown: Shown) -> str | None:
    job = shown.job
    if not job.is_final or job.state is State.SUCCEEDED or job.reason is None:
        return None
    told = [job.reason.sentence]
    run = deciding_run(job, shown.runs) if job.state is State.FAILED else None
    if run is not None:
        name = dict(zip((role.name for role in job.spec.roles), shown.known.roles, strict=True)).get(run.role)
        code = states.exit_code(job) if run.exit_code is None else run.exit_code
        told.append(f"Task {run.index} of role {name} ended with exit code {code}.")
    if shown.said:
        told.append(f"It said last:\n{shown.said}")
    return " ".join(told)


def _stopper(job: Job) -> Document:
    who = states.stopped_by(job)
    return {} if who is None else {"stoppedBy": who}


def _progress(shown: Shown) -> float | int:
    if shown.job.state is State.SUCCEEDED:
        return 1
    done = sum(states.task_state(run, shown.job) == states.SUCCEEDED for run in shown.runs)
    return round(done / shown.job.spec.instances, 4) if done else 0


def _task(shown: Shown, number: int, index: int) -> Document:
    job, role = shown.job, shown.job.spec.roles[number]
    mine = [run for run in shown.runs if (run.role, run.index) == (role.name, index)]
    run = max(mine, key=lambda each: each.task, default=None)
    gpus = role.resources.gpus
    return {
        "taskIndex": index,
        "containerId": None if run is None else container_id(job.id, number, index),
        "containerIp": None if run is None else run.address or "127.0.0.1",
        "containerPorts": _ports(role.tasks[0].command, index) if shown.known.config is not None else {},
        "containerGpus": (1 << gpus) - 1,
        "containerLog": f"{tracking_url(shown)}/logs/{shown.known.roles[number]}/{index}",
        "taskState": states.task_state(run, job),
        "containerExitCode": None if run is None else run.exit_code,
        "containerExitDiagnostics": None if run is None or run.reason is None else run.reason.sentence,
        "launchedTime": None if run is None else _ms(run.started_at),
        "completedTime": None if run is None else _ms(run.ended_at),
    }


def _ports(command: Sequence[str], index: int) -> Mapping[str, str]:
    """As they were chosen when the job was taken: the task's command has them."""
    words = command[_FIXED_WORDS:]
    blocks = [
        Block(words[at], int(words[at + 1]), int(words[at + 2]), int(words[at + 3]))
        for at in range(0, len(words) - _PORT_WORDS + 1, _PORT_WORDS)
    ]
    return {block.label: ",".join(map(str, block.of(index))) for block in blocks}


def _retries(shown: Shown) -> int:
    return max(shown.job.attempt - 1, 0) + shown.before.retries


def _created(shown: Shown) -> int | None:
    first = shown.before.created_at
    return _ms(shown.job.submitted_at if first is None else first)


def _ms(at: float | None) -> int | None:
    return None if at is None else int(at * 1000)


def all_tasks(job: Job, known: Known) -> list[tuple[str, str, int]]:
    """Every task: its role's name here and in the core, and its index."""
    names = dict(zip((role.name for role in job.spec.roles), known.roles, strict=True))
    return [(names[role.name], role.name, index) for role, index in lanes(job.spec)]

"""What this room shows. Times in seconds since the epoch, UTC; handles of grants are shown nowhere."""

from collections.abc import Mapping
from typing import Any

from services.compute.domain.environments import Environment
from services.compute.domain.job import Event, Job, Run, StoredFile, WorkflowPlace
from services.compute.domain.quotas import Held, Quota
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image, Input, Role, Source, Spec, Task
from services.compute.ports.engines import Abilities

PREFIX = "/tidegate/v1/jobs"
Document = dict[str, Any]


def receipt_view(job: Job) -> Document:
    """What a submit answers: nothing in it changes later, so that a replay gives the same."""
    return {
        "id": job.id,
        "uid": job.uid,
        "name": job.name,
        "environment": job.spec.environment,
        "submitted_at": shown_time(job.submitted_at),
        "url": f"{PREFIX}/{job.uid}",
    }


def summary_view(job: Job) -> Document:
    return {
        "id": job.id,
        "uid": job.uid,
        "name": job.name,
        "labels": dict(job.labels),
        "owner": job.owner,
        "dialect": job.dialect,
        "environment": job.spec.environment,
        "state": job.state.value,
        "state_since": shown_time(job.state_since),
        "reason": reason_view(job.reason),
        "wish": job.wish.value,
        "attempt": job.attempt,
        "exit_code": job.exit_code,
        "submitted_at": shown_time(job.submitted_at),
        "started_at": shown_time(job.started_at),
        "finished_at": shown_time(job.finished_at),
        "deleted_at": shown_time(job.deleted_at),
        "expires_at": shown_time(job.expires_at),
        "workflow": place_view(job.workflow),
        "url": f"{PREFIX}/{job.uid}",
    }


def place_view(place: WorkflowPlace | None) -> Document | None:
    """Where a workflow's job stands in it."""
    if place is None:
        return None
    return {
        "id": place.id,
        "uid": place.uid,
        "name": place.name,
        "step": place.step,
        "instance": place.instance,
        "parameters": dict(place.parameters),
        "url": f"/tidegate/v1/workflows/{place.uid}",
    }


def job_view(job: Job, runs: list[Run], main_log: str) -> Document:
    here = f"{PREFIX}/{job.uid}"
    facts = {name: job.facts[name] for name in ("retry_of", "clone_of") if name in job.facts}
    return {
        **summary_view(job),
        **facts,
        "main_log": main_log,
        "spec": spec_view(job.spec),
        "runs": [run_view(run) for run in runs],
        "links": {
            "events": f"{here}/events",
            "logs": f"{here}/logs",
            "streams": f"{here}/streams",
            "outputs": f"{here}/outputs",
            "archive": f"{here}/outputs.zip",
        },
    }


def reason_view(reason: Reason | None) -> Document | None:
    return None if reason is None else reason.as_json()


def event_view(event: Event) -> Document:
    return {
        "seq": event.seq,
        "at": shown_time(event.at),
        "from": None if event.state_from is None else event.state_from.value,
        "to": event.state_to.value,
        "by": event.by,
        "attempt": event.attempt,
        "reason": reason_view(event.reason),
    }


def run_view(run: Run) -> Document:
    return {
        "attempt": run.attempt,
        "role": run.role,
        "index": run.index,
        "task": run.task,
        "state": run.state.value,
        "address": run.address,
        "started_at": shown_time(run.started_at),
        "ended_at": shown_time(run.ended_at),
        "exit_code": run.exit_code,
        "signal": run.signal,
        "reason": reason_view(run.reason),
        "usage": {
            "wall_seconds": run.usage.wall_seconds,
            "cpu_seconds": run.usage.cpu_seconds,
            "max_memory_bytes": run.usage.max_memory_bytes,
        },
    }


def file_view(file: StoredFile, url: str) -> Document:
    return {
        "path": file.path,
        "size": file.size,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "url": url,
    }


def environment_view(environment: Environment, abilities: Abilities | None, running: int) -> Document:
    pins = abilities is not None and abilities.pins_images
    return {
        "id": environment.id,
        "engine": environment.engine,
        "description": environment.description,
        "isolation": "" if abilities is None else abilities.isolation,
        "available": abilities is not None,
        "pins_images": pins,
        "takes_digests": pins or environment.unpinned,
        "image": environment.image,
        "network": environment.network and abilities is not None and abilities.network,
        "gathers": abilities is not None and abilities.gathers,
        "shares_address": abilities is not None and abilities.shares_address,
        "limits": {
            "cpus": environment.cpus,
            "memory": environment.memory_bytes,
            "disk": environment.disk_bytes,
            "gpus": environment.gpus,
            "processes": environment.max_processes,
            "log": environment.log_bytes,
            "nodes": 1 if abilities is None else abilities.nodes,
        },
        "timeouts": {
            "queue": environment.queue_seconds,
            "stage_in": environment.stage_in_seconds,
            "pull": environment.pull_seconds,
            "run": environment.max_job_seconds,
            "publish": environment.publish_seconds,
        },
        "keep_seconds": environment.storage_seconds,
        "jobs": {"running": running, "most": environment.max_jobs},
        "price_per_minute": format(environment.price_per_minute, "f"),
    }


def quota_view(quota: Quota, held: Held) -> Document:
    """Limits are null where there is none."""
    return {
        "jobs": {"held": held.jobs, "most": quota.jobs},
        "cpus": {"held": held.cpus, "most": quota.cpus},
        "memory": {"held": held.memory_bytes, "most": quota.memory_bytes},
        "storage": {"held": held.storage_bytes, "most": quota.storage_bytes},
    }


def spec_view(spec: Spec) -> Document:
    """A document that can be submitted again, unless its inputs were granted."""
    return {
        "environment": spec.environment,
        "roles": [_role(role) for role in spec.roles],
        "folders": [{"path": folder.path, "writable": folder.writable} for folder in spec.folders],
        "inputs": [_input(given) for given in spec.inputs],
        "outputs": [
            {"folder": output.folder, "pattern": output.pattern, "required": output.required}
            for output in spec.outputs
        ],
        "timeouts": {
            "queue": spec.clocks.queue,
            "stage_in": spec.clocks.stage_in,
            "pull": spec.clocks.pull,
            "run": spec.clocks.run,
            "publish": spec.clocks.publish,
        },
        "retry": {
            "attempts": spec.retry.attempts,
            "on": sorted(spec.retry.on),
            "succeeded": spec.retry.succeeded,
        },
        "priority": spec.priority,
        "network": spec.network,
        "keep_failed_outputs": spec.keep_failed_outputs,
        "keep_seconds": spec.keep_seconds,
        "gathered": spec.gathered,
        "least_succeeded": spec.least_succeeded,
        "judged_late": spec.judged_late,
    }


def _role(role: Role) -> Document:
    asked = role.resources
    return {
        "name": role.name,
        "count": role.count,
        "least_failed": role.least_failed,
        "least_succeeded": role.least_succeeded,
        "resources": {
            "cpus": asked.cpus,
            "memory": asked.memory_bytes,
            "disk": asked.disk_bytes,
            "gpus": asked.gpus,
            "nodes": asked.nodes,
            "processes": asked.processes,
        },
        "tasks": [_task(task) for task in role.tasks],
    }


def _task(task: Task) -> Document:
    return {
        "image": _image(task.image),
        "command": list(task.command),
        "variables": dict(task.environment),
        "working_folder": task.working_folder,
        "split_logs": task.split_logs,
        "retries": task.retries,
    }


def _image(image: Image | None) -> str | None:
    if image is None:
        return None
    return image.name if image.digest is None else f"{image.name}@{image.digest}"


def _input(given: Input) -> Document:
    shown: Document = {"path": given.path, "executable": given.executable}
    shown |= {name: value for name, value in (("label", given.label), ("sha256", given.sha256)) if value}
    return {**shown, **_source(given)}


def _source(given: Input) -> Mapping[str, Any]:
    if given.source is Source.GRANT:
        return {"granted": True}
    if given.source is Source.INLINE:
        return {"base64" if given.encoded else "text": given.value}
    return {given.source.value: given.value}


def shown_time(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

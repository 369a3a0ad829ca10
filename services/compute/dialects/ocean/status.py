"""A job as Ocean's clients see it: one table from our states and reasons to their numbers (contract 1.5).

A failed job is 41, or 31 and 32 when its data or its algorithm could not be brought; a stopped one ends as
upstream's do, with 70. What is told without a proof of the owner leaves out names, sizes, orders and assets.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.compute.domain.job import Job, Wish
from services.compute.domain.reasons import CODES, Phase, Reason
from services.compute.domain.states import State
from services.compute.usecases.ocean_jobs import Kind, Result
from services.compute.usecases.ocean_spec import ALGORITHM_LABEL

Shown = tuple[int, str]

STARTED: Final[Shown] = (1, "Warming up")
STATES: Final[Mapping[State, Shown]] = {
    State.HELD: STARTED,
    State.QUEUED: STARTED,
    State.STAGING: (20, "Configuring volumes"),
    State.PULLING: (30, "Provisioning success"),
    State.RUNNING: (40, "Running algorithm"),
    State.PUBLISHING: (60, "Publishing results"),
    State.SUCCEEDED: (70, "Job finished"),
    State.CANCELLED: (70, "Job stopped"),
    State.FAILED: (41, "Algorithm failed"),  # in general; by phase and code below
}
DATA_FAILED: Final[Shown] = (31, "Data provisioning failed")
ALGORITHM_NOT_THERE: Final[Shown] = (32, "Algorithm provisioning failed")
PHASES: Final[Mapping[Phase, Shown]] = {
    Phase.QUEUE: (41, "Job never started"),
    Phase.STAGE_IN: DATA_FAILED,
    Phase.PULL: ALGORITHM_NOT_THERE,
    Phase.RUN: STATES[State.FAILED],
    Phase.PUBLISH: (41, "Publishing failed"),
    Phase.OWNER: STATES[State.CANCELLED],
}
REASONS: Final[Mapping[str, Shown]] = {"run_timeout": (41, "Algorithm timed out")}
assert REASONS.keys() <= CODES.keys()


def shown(job: Job) -> Shown:
    """Number and text."""
    reason = job.reason
    if job.state is not State.FAILED or reason is None:
        return STATES[job.state]
    if reason.code in REASONS:
        return REASONS[reason.code]
    if reason.phase is Phase.STAGE_IN and ALGORITHM_LABEL in reason.sentence:
        return ALGORITHM_NOT_THERE
    number, text = PHASES[reason.phase]
    if reason.phase is Phase.RUN and job.exit_code is not None:
        text = f"{text} (exit code {job.exit_code})"
    return number, text


def minimal_view(job: Job, consumer: str, results: Sequence[Result]) -> dict[str, Any]:
    """For whoever asks: every member that clients read is there, and what is the owner's is empty. Results
    keep their positions and kinds, so that a client knows which index to sign for.
    """
    nameless = [
        {"filename": _plain_name(result, index), "type": result.kind.value, "index": index}
        for index, result in enumerate(results)
    ]
    return _view(job, consumer, nameless)


def full_view(job: Job, consumer: str, results: Sequence[Result]) -> dict[str, Any]:
    """For the owner."""
    named = [
        {
            "filename": result.name,
            "filesize": result.file.size,
            "type": result.kind.value,
            "index": index,
        }
        for index, result in enumerate(results)
    ]
    facts = job.facts
    view = _view(job, consumer, named) | {
        "agreementId": facts.get("agreement_id", ""),
        "documentId": facts.get("document_id", ""),
        "inputDID": list(facts.get("input_dids", ())),
        "algoDID": facts.get("algorithm_did", ""),
        "environment": job.spec.environment,
    }
    if job.exit_code is not None:
        view["exitCode"] = job.exit_code
    if job.reason is not None and job.state is not State.SUCCEEDED:
        view["reason"] = job.reason.as_json()
    return view


def _view(job: Job, consumer: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    number, text = shown(job)
    return {
        "agreementId": "",
        "jobId": job.uid,
        "owner": consumer,
        "status": number,
        "statusText": text,
        "dateCreated": _seconds(job.submitted_at),
        "dateFinished": _seconds(job.finished_at),
        "results": results if job.is_final else "",
        "stopreq": _stop_request(job),
        "removed": int(job.deleted_at is not None),
        "algoDID": "",
        "inputDID": [],
        "documentId": "",
        "resultsUrls": [],
        "algorithmLogUrl": "",
        "resultsDid": "",
    }


def _stop_request(job: Job) -> int:
    """0 none, 1 by its owner, 2 its time was up."""
    if _is(job.reason, "run_timeout"):
        return 2
    return int(job.state is State.CANCELLED or (job.wish is Wish.CANCEL and not job.is_final))


def _is(reason: Reason | None, code: str) -> bool:
    return reason is not None and reason.code == code


def _seconds(at: float | None) -> str | None:
    return None if at is None else f"{at:.3f}"


def _plain_name(result: Result, index: int) -> str:
    return f"output_{index}" if result.kind is Kind.OUTPUT else result.name

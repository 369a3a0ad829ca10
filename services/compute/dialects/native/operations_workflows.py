"""Workflows: taken, listed, shown, changed; and what is done inside of running jobs."""

from collections.abc import Mapping

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, object_of
from services.compute.dialects.native.operations_jobs import KEY, KNOWN, PAGE, WHICH
from services.compute.dialects.native.schemas import (
    FLAG,
    JOB_FIELD,
    MAYBE_TEXT,
    NOT_THERE,
    REFUSALS,
    TEXT,
    WHOLE,
    given,
    problem,
)
from services.compute.dialects.native.schemas_workflows import (
    CHECKED,
    NO_WORKFLOW,
    RECEIPT,
    SHOWN_WORKFLOW,
    SUMMARY,
    WORKFLOW_DOCUMENT,
    WORKFLOW_FIELD,
)
from services.compute.domain.workflow import WorkflowState

_TAKEN: Mapping[int, Reply] = {
    **REFUSALS,
    201: given("Taken. `Location` is the workflow.", RECEIPT),
    409: problem("The first request with this key is at work, or the workflow's state forbids it."),
    413: problem("The body is too large."),
    415: problem("The body's coding is unknown."),
    422: problem("It cannot be taken as it is described; `errors` says why. Or the key was used."),
}
NOTHING: Mapping[str, Schema] = {}
_STATES = ", ".join(WorkflowState)
_WHICH: tuple[Field, ...] = (
    Field("state", TEXT, f"Of: {_STATES}; several with commas.", place="query", example="running"),
    Field("dialect", TEXT, "Where it came from; several with commas.", place="query", example="native"),
    Field("name", TEXT, place="query", example="trial"),
    Field("label", TEXT, "`name=value`; several with commas.", place="query", example="a=b"),
    Field("all", FLAG, "Everybody's; for administrators.", place="query", example=False),
    Field("limit", {"type": "integer", "minimum": 1, "maximum": 200}, place="query", example=50),
    Field("cursor", TEXT, "`next` of the page before.", place="query"),
)
_STEP = Field("step", TEXT, "Of this step alone.", place="query")
_OF_JOBS = tuple(field for field in WHICH if field.name not in ("all", "workflow"))
_EXEC: Mapping[int, Reply] = {
    **REFUSALS,
    403: problem("A credential without the scope this needs, or a job on data granted to it alone."),
    404: NOT_THERE,
    409: problem("Nothing of the job runs, or it was not done; `detail` says why."),
}


def _operation(
    method: str,
    path: str,
    summary: str,
    replies: Mapping[int, Reply],
    *,
    fields: tuple[Field, ...] = (),
    body: Mapping[str, Schema] = NOTHING,
) -> Operation:
    return Operation(
        path=f"/tidegate/v1/{path}",
        methods=(method,),
        access=Access.PRINCIPAL,
        tag=path.partition("/")[0],
        summary=summary,
        fields=fields,
        body=body,
        replies=replies,
    )


def _again(word: str, summary: str) -> Operation:
    replies = {**_TAKEN, 404: NO_WORKFLOW}
    return _operation("POST", f"workflows/{{ref}}/{word}", summary, replies, fields=(WORKFLOW_FIELD, KEY))


WORKFLOWS: tuple[Operation, ...] = (
    _operation(
        "POST", "workflows", "Submit a workflow.", _TAKEN, fields=(KEY,), body={JSON: WORKFLOW_DOCUMENT}
    ),
    _operation(
        "GET",
        "workflows",
        "Your workflows, newest first.",
        {
            **REFUSALS,
            200: given(
                "A page.", object_of({"workflows": {"type": "array", "items": SUMMARY}, "next": MAYBE_TEXT})
            ),
        },
        fields=_WHICH,
    ),
    _operation(
        "POST",
        "workflows/validate",
        "Whether a workflow would be taken; nothing is written.",
        {
            **{status: reply for status, reply in _TAKEN.items() if status not in (201, 409)},
            200: given("It would, as this.", CHECKED),
        },
        body={JSON: WORKFLOW_DOCUMENT},
    ),
    _operation(
        "GET",
        "workflows/{ref}",
        "One workflow with its steps: which follows which, and how far each is.",
        {
            **REFUSALS,
            200: given("The workflow.", SHOWN_WORKFLOW),
            304: Reply("It is as `If-None-Match` says."),
            404: NO_WORKFLOW,
        },
        fields=(WORKFLOW_FIELD, KNOWN),
    ),
    _operation(
        "GET",
        "workflows/{ref}/jobs",
        "The jobs of a workflow that were made so far, newest first.",
        {**REFUSALS, 200: PAGE, 404: NO_WORKFLOW},
        fields=(WORKFLOW_FIELD, _STEP, *_OF_JOBS),
    ),
    _operation(
        "POST",
        "workflows/{ref}/cancel",
        "Stop a workflow: nothing more starts, and what runs is stopped.",
        {
            **REFUSALS,
            200: given("It will end.", SUMMARY),
            404: NO_WORKFLOW,
            409: problem("It has ended."),
        },
        fields=(WORKFLOW_FIELD,),
    ),
    _again("rerun", "Run what did not go well in an ended workflow again, as a new one."),
    _again("clone", "Run a copy of a workflow."),
)
INSIDE: tuple[Operation, ...] = (
    _operation(
        "POST",
        "jobs/{ref}/exec",
        "Run a line of shell inside of a running job, for a minute at most.",
        {
            **_EXEC,
            200: given(
                "It ended. What it wrote is `text`, or `base64` where that is no UTF-8.",
                object_of({"exit_code": WHOLE}, {"text": TEXT, "base64": TEXT}),
            ),
            413: problem("The body is too large."),
            415: problem("The body's coding is unknown."),
        },
        fields=(JOB_FIELD,),
        body={JSON: {**object_of({"command": TEXT}), "examples": [{"command": "ls -l"}]}},
    ),
    _operation(
        "GET",
        "jobs/{ref}/snapshot",
        "A copy of a file or a folder of a running job, made for this answer.",
        {**_EXEC, 200: Reply("A .tgz.", {"application/gzip": {"type": "string", "format": "binary"}})},
        fields=(
            JOB_FIELD,
            Field(
                "path",
                TEXT,
                "Absolute, or counted from the first writable folder.",
                required=True,
                place="query",
                example="outputs",
            ),
        ),
    ),
)

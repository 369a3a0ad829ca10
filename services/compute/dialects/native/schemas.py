"""The shapes of this room's documents, for the API description."""

from collections.abc import Mapping
from typing import Final

from libs.openapi.document import JSON, Field, Reply, Schema, json_reply, object_of
from services.compute.dialects.native.problems import MEDIA_TYPE
from services.compute.domain.reasons import CODES, Phase
from services.compute.domain.states import State

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
FLAG: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
TEXT_MAP: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
MAYBE_NUMBER: Final[Schema] = {"type": ["number", "null"]}
MAYBE_WHOLE: Final[Schema] = {"type": ["integer", "null"]}
UID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
STATE: Final[Schema] = {"enum": [state.value for state in State]}

PROBLEM: Final = object_of(
    {"type": TEXT, "title": TEXT, "status": WHOLE, "code": TEXT, "detail": TEXT, "request_id": TEXT},
    {"errors": {"type": "array", "items": object_of({"pointer": TEXT, "detail": TEXT})}},
)
_REASON: Final = object_of(
    {
        "code": {"enum": list(CODES)},
        "phase": {"enum": [phase.value for phase in Phase]},
        "sentence": TEXT,
        "evidence": TEXT,
        "advice": TEXT,
    }
)
REASON: Final[Schema] = {"oneOf": [{"type": "null"}, _REASON]}
RECEIPT: Final = object_of(
    {"id": WHOLE, "uid": UID, "name": TEXT, "environment": TEXT, "submitted_at": NUMBER, "url": TEXT}
)
_PLACE: Final = object_of(
    {
        "id": WHOLE, "uid": UID, "name": TEXT, "step": TEXT, "instance": MAYBE_WHOLE,
        "parameters": {"type": "object", "additionalProperties": {"type": ["number", "string"]}}, "url": TEXT,
    }
)  # fmt: skip
_SUMMARY_MEMBERS: Final[Mapping[str, Schema]] = {
    "id": WHOLE, "uid": UID, "name": TEXT, "labels": TEXT_MAP, "owner": TEXT, "dialect": TEXT,
    "environment": TEXT, "state": STATE, "state_since": NUMBER, "reason": REASON,
    "wish": {"enum": ["run", "cancel"]}, "attempt": WHOLE, "exit_code": MAYBE_WHOLE, "submitted_at": NUMBER,
    "started_at": MAYBE_NUMBER, "finished_at": MAYBE_NUMBER, "deleted_at": MAYBE_NUMBER,
    "expires_at": MAYBE_NUMBER, "workflow": {"oneOf": [{"type": "null"}, _PLACE]}, "url": TEXT,
}  # fmt: skip
SUMMARY: Final = object_of(_SUMMARY_MEMBERS)
_RUN: Final = object_of(
    {
        "attempt": WHOLE, "role": TEXT, "index": WHOLE, "task": WHOLE,
        "state": {"enum": ["intended", "submitted", "ended"]}, "address": MAYBE_TEXT,
        "started_at": MAYBE_NUMBER, "ended_at": MAYBE_NUMBER, "exit_code": MAYBE_WHOLE,
        "signal": MAYBE_WHOLE, "reason": REASON,
        "usage": object_of(
            {"wall_seconds": MAYBE_NUMBER, "cpu_seconds": MAYBE_NUMBER, "max_memory_bytes": MAYBE_WHOLE}
        ),
    }
)  # fmt: skip
SHOWN_JOB: Final = object_of(
    {
        **_SUMMARY_MEMBERS,
        "main_log": TEXT,
        "spec": {"type": "object"},
        "runs": {"type": "array", "items": _RUN},
        "links": TEXT_MAP,
    },
    {"retry_of": UID, "clone_of": UID},
)
EVENT: Final = object_of(
    {
        "seq": WHOLE, "at": NUMBER, "from": {"enum": [None, *(state.value for state in State)]}, "to": STATE,
        "by": TEXT, "attempt": WHOLE, "reason": REASON,
    }
)  # fmt: skip
OUTPUT_FILE: Final = object_of({"path": TEXT, "size": WHOLE, "media_type": TEXT, "sha256": TEXT, "url": TEXT})

_SIZE: Final[Schema] = {"type": ["integer", "string"], "description": 'Bytes, or a text such as "2 GiB".'}
_SECONDS: Final[Schema] = {"type": ["number", "null"], "exclusiveMinimum": 0}
_TASK: Final[Mapping[str, Schema]] = {
    "image": {**MAYBE_TEXT, "description": "`python:3.12`, with `@sha256:...` to pin it."},
    "command": {**TEXTS, "description": "Words, never a line of shell; without it what the image does."},
    "variables": TEXT_MAP,
    "working_folder": MAYBE_TEXT,
    "split_logs": FLAG,
    "retries": WHOLE,
}
_RESOURCES: Final = object_of(
    {},
    {"cpus": NUMBER, "memory": _SIZE, "disk": _SIZE, "gpus": WHOLE, "nodes": WHOLE, "processes": WHOLE},
)
_LEAST_FAILED: Final[Schema] = {
    **MAYBE_WHOLE,
    "minimum": 1,
    "description": "As many instances that failed end the job as failed; null: however many. By itself 1.",
}
_LEAST_SUCCEEDED: Final[Schema] = {
    **MAYBE_WHOLE,
    "minimum": 1,
    "description": "As many instances that ended well end the job well, and the rest with it.",
}
_AGAIN: Final[Schema] = {**FLAG, "description": "Another attempt follows a good one too."}
_GATHERED: Final[Schema] = {
    **FLAG,
    "description": "Instances reach each other, and know their addresses before the first of them starts.",
}
_JUDGED_LATE: Final[Schema] = {
    **FLAG,
    "description": "When all are over, the job failed if one of those did of which any number may fail.",
}
_TASKS: Final[Schema] = {"type": "array", "items": object_of({}, _TASK)}
JOB_DOCUMENT: Final[Schema] = {
    **object_of(
        {"environment": TEXT},
        {
            "name": TEXT,
            "labels": TEXT_MAP,
            **_TASK,
            "tasks": _TASKS,
            "roles": {
                "type": "array",
                "items": object_of(
                    {},
                    {
                        "name": TEXT, "count": WHOLE, "least_failed": _LEAST_FAILED,
                        "least_succeeded": _LEAST_SUCCEEDED, "resources": _RESOURCES, "tasks": _TASKS,
                        **_TASK,
                    },
                ),
            },
            "resources": _RESOURCES,
            "folders": {"type": "array", "items": object_of({"path": TEXT}, {"writable": FLAG})},
            "inputs": {
                "type": "array",
                "items": object_of(
                    {"path": TEXT},
                    {
                        "text": TEXT, "base64": TEXT, "sandbox": TEXT, "output": TEXT, "executable": FLAG,
                        "sha256": TEXT, "label": TEXT,
                    },
                ),
            },
            "outputs": {
                "type": "array",
                "items": {
                    "oneOf": [TEXT, object_of({"folder": TEXT}, {"pattern": TEXT, "required": FLAG})]
                },
            },
            "timeouts": object_of(
                {}, dict.fromkeys(("queue", "stage_in", "pull", "run", "publish"), _SECONDS)
            ),
            "retry": object_of({}, {"attempts": WHOLE, "on": TEXTS, "succeeded": _AGAIN}),
            "priority": WHOLE,
            "network": FLAG,
            "keep_failed_outputs": FLAG,
            "keep_seconds": _SECONDS,
            "gathered": _GATHERED,
            "least_succeeded": _LEAST_SUCCEEDED,
            "judged_late": _JUDGED_LATE,
        },
    ),
    "examples": [{"environment": "ocean-compute", "image": "python:3.12", "command": ["python", "-V"]}],
}  # fmt: skip

JOB_FIELD: Final = Field(
    "ref", TEXT, "The job's uid or integer id.", place="path", example="0123456789abcdef0123456789abcdef"
)


def problem(description: str) -> Reply:
    return Reply(description, {MEDIA_TYPE: PROBLEM})


REFUSALS: Final[Mapping[int, Reply]] = {
    400: problem("A parameter or a header."),
    401: problem("No credential, or one that does not count."),
    403: problem("A credential without the scope this needs."),
    429: problem("Too much at once; Retry-After says when to come again."),
    503: problem("Jobs, files or credentials cannot be looked at right now."),
}
NOT_THERE: Final = problem("There is no such job, or it is somebody else's.")


def given(description: str, schema: Schema) -> Reply:
    return json_reply(description, schema)


BODY: Final[Mapping[str, Schema]] = {JSON: JOB_DOCUMENT}

"""The shapes of this room's workflows, for the API description."""

from typing import Final

from libs.openapi.document import Field, Schema, object_of
from services.compute.dialects.native.schemas import (
    FLAG,
    JOB_DOCUMENT,
    MAYBE_NUMBER,
    NUMBER,
    REASON,
    TEXT,
    TEXT_MAP,
    TEXTS,
    UID,
    WHOLE,
    problem,
)
from services.compute.dialects.native.workflow_views import StepWord
from services.compute.domain.sweep import Way
from services.compute.domain.workflow import WorkflowState

_VALUE: Final[Schema] = {"type": ["number", "string"]}
_PARAMETER: Final = object_of(
    {"name": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}},
    {
        "values": {"type": "array", "items": _VALUE, "minItems": 1},
        "start": NUMBER,
        "end": NUMBER,
        "step": NUMBER,
        "number": {"type": "integer", "minimum": 1},
    },
)
SWEEP: Final = object_of(
    {"way": {"enum": [way.value for way in Way]}},
    {
        "parameters": {"type": "array", "items": _PARAMETER},
        "number": {"type": "integer", "minimum": 1, "description": "Of `repeat` alone."},
    },
)
_STEP_DOCUMENT: Final[Schema] = {
    "type": "object",
    "properties": {**JOB_DOCUMENT["properties"], "after": TEXTS, "sweep": SWEEP},
    "required": [*JOB_DOCUMENT["required"], "name"],
}
WORKFLOW_DOCUMENT: Final[Schema] = {
    **object_of(
        {"steps": {"type": "array", "items": _STEP_DOCUMENT, "minItems": 1}},
        {"name": TEXT, "labels": TEXT_MAP},
    ),
    "examples": [
        {
            "steps": [
                {"name": "one", "environment": "ocean-compute", "command": ["true"]},
                {"name": "two", "environment": "ocean-compute", "command": ["true"], "after": ["one"]},
            ]
        }
    ],
}
RECEIPT: Final = object_of(
    {"id": WHOLE, "uid": UID, "name": TEXT, "jobs": WHOLE, "submitted_at": NUMBER, "url": TEXT}
)
_COUNTS: Final = {name: WHOLE for name in ("total", "succeeded", "failed", "unfinished", "waiting")}
_SUMMARY: Final = {
    "id": WHOLE, "uid": UID, "name": TEXT, "labels": TEXT_MAP, "owner": TEXT, "dialect": TEXT,
    "state": {"enum": [state.value for state in WorkflowState]}, "reason": REASON, "jobs": object_of(_COUNTS),
    "submitted_at": NUMBER, "started_at": MAYBE_NUMBER, "finished_at": MAYBE_NUMBER,
    "expires_at": MAYBE_NUMBER, "rerun_of": {"oneOf": [{"type": "null"}, UID]}, "url": TEXT,
}  # fmt: skip
SUMMARY: Final = object_of(_SUMMARY)
_STEP: Final = object_of(
    {
        "name": TEXT,
        "after": TEXTS,
        "is_swept": FLAG,
        "state": {"enum": [word.value for word in StepWord]},
        "jobs": object_of({**_COUNTS, "kept": WHOLE}),
    }
)
SHOWN_WORKFLOW: Final = object_of({**_SUMMARY, "steps": {"type": "array", "items": _STEP}, "links": TEXT_MAP})
CHECKED: Final = object_of(
    {
        "name": TEXT,
        "labels": TEXT_MAP,
        "jobs": WHOLE,
        "steps": {
            "type": "array",
            "items": object_of(
                {"name": TEXT, "after": TEXTS, "labels": TEXT_MAP, "jobs": WHOLE, "spec": {"type": "object"}},
                {"sweep": SWEEP},
            ),
        },
    }
)
WORKFLOW_FIELD: Final = Field(
    "ref", TEXT, "The workflow's uid or integer id.", place="path", example="0123456789abcdef0123456789abcdef"
)
NO_WORKFLOW: Final = problem("There is no such workflow, or it is somebody else's.")

"""Schemas and replies that the descriptions of this room's routes share."""

from collections.abc import Mapping
from typing import Any, Final

from libs.openapi.document import TEXT, Access, Field, Operation, Reply, json_reply, object_of

Schema = Mapping[str, Any]
TAG: Final = "prominence"
WORD: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
NUMBER: Final[Schema] = {"type": "number"}
OBJECT: Final[Schema] = {"type": "object"}
ERROR: Final = object_of({"error": WORD})
STATUS: Final[Schema] = {"enum": ["pending", "running", "completed", "failed", "deleted", "killed"]}
EVENTS: Final = object_of({"createTime": NUMBER}, {"startTime": NUMBER, "endTime": NUMBER})
TASKS: Final[Schema] = {"type": "array", "items": object_of({"image": WORD}), "minItems": 1}
KEPT: Final[Schema] = {"type": "array", "items": object_of({"name": WORD, "url": WORD}, {"size": COUNT})}
EXECUTION: Final = object_of(
    {"site": WORD, "provisionedResources": OBJECT, "tasks": {"type": "array", "items": OBJECT}},
    {
        "maxMemoryUsageKB": COUNT,
        "stageInTime": NUMBER,
        "stageOutTime": NUMBER,
        "retries": COUNT,
        "commands": {"type": "array", "items": object_of({"time": NUMBER, "command": WORD})},
    },
)
_SUMMARY: Final = {"id": WHOLE, "name": WORD, "status": STATUS, "tasks": TASKS, "events": EVENTS}
_MAYBE: Final = {"statusReason": WORD, "parameters": OBJECT}
_DETAILS: Final = {
    "resources": OBJECT,
    "labels": OBJECT,
    "policies": OBJECT,
    "notifications": {"type": "array", "items": OBJECT},
    "artifacts": {"type": "array", "items": OBJECT},
    "inputs": {"type": "array", "items": OBJECT},
    "storage": OBJECT,
    "outputFiles": KEPT,
    "outputDirs": KEPT,
    "execution": EXECUTION,
}
JOBS: Final[Schema] = {"type": "array", "items": object_of(_SUMMARY, {**_MAYBE, **_DETAILS})}
ONE_JOB: Final[Schema] = {**JOBS, "maxItems": 1}
PROGRESS: Final = object_of(dict.fromkeys(("total", "done", "failed", "queued", "waiting"), COUNT))
_WORKFLOW: Final = {"id": WHOLE, "name": WORD, "status": STATUS, "events": EVENTS, "progress": PROGRESS}
WORKFLOWS: Final[Schema] = {"type": "array", "items": object_of(_WORKFLOW, {"statusReason": WORD})}
ONE_WORKFLOW: Final[Schema] = {
    "type": "array",
    "maxItems": 1,
    "items": object_of(
        {**_WORKFLOW, "jobs": {"type": "array", "items": OBJECT}},
        {
            "statusReason": WORD,
            "labels": OBJECT,
            "dependencies": OBJECT,
            "factories": {"type": "array", "items": OBJECT},
            "policies": OBJECT,
            "notifications": {"type": "array", "items": OBJECT},
        },
    ),
}

REFUSALS: Final[Mapping[int, Reply]] = {
    400: json_reply("Why not, in a sentence; also for what does not exist or is somebody else's.", ERROR),
    401: json_reply("No token, or one that does not count.", ERROR),
    403: json_reply("A token without the scope this needs, or a job whose inside is closed.", ERROR),
    404: json_reply("No path of ours: an id that is no number. Never for what does not exist.", ERROR),
    429: json_reply("A quota, or too many callers at the same time.", ERROR),
    503: json_reply("Nothing can be looked at right now.", ERROR),
}
MADE: Final = json_reply("Taken.", object_of({"id": WHOLE}))
DONE: Final = json_reply("Done.", {"type": "object", "maxProperties": 0})
STREAM: Final = Reply("As it stands.", {TEXT: WORD})

NUMBER_FIELD: Final = Field("number", COUNT, place="path", example=1)
LISTING: Final = (
    Field("completed", WORD, "`true`: those that have ended, newest first.", place="query", example="true"),
    Field("all", WORD, "`true`: active ones and those that have ended.", place="query", example="true"),
    Field(
        "num", WHOLE, "With `completed`: how many; -1 for all. 1 when left out.", place="query", example=-1
    ),
    Field("status", {"enum": ["idle", "pending", "running"]}, place="query", example="idle"),
    Field("constraint", WORD, "`label=value`; may come several times.", place="query", example="a=b"),
    Field("name", WORD, place="query", example="trial"),
    Field("id", WORD, "Several with commas.", place="query", example="1,2"),
)


def closed(
    path: str,
    method: str,
    summary: str,
    replies: Mapping[int, Reply],
    fields: tuple[Field, ...] = (),
    body: Mapping[str, Schema] | None = None,
) -> Operation:
    return Operation(
        path=path,
        methods=(method,),
        access=Access.PRINCIPAL,
        tag=TAG,
        summary=summary,
        fields=fields,
        replies={**REFUSALS, **replies},
        body=body or {},
    )

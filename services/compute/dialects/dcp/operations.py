"""What the routes of this room take and give, for the API description."""

from typing import Any, Final

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, object_of
from services.compute.dialects.dcp.schemas import (
    AMOUNT,
    BODY,
    DEPLOY,
    ERROR,
    ID,
    JOB,
    JOB_ID,
    MISSING,
    REFUSALS,
    RESULTS,
    SLICES,
    STATUS,
    TEXT,
    WHOLE,
)

_RANGE: Final = Field(
    "range",
    {"type": "array", "items": TEXT},
    "`5`, `1-10`, `7-`, several with commas or by naming it again: all of them together.",
    place="query",
)
_AFTER: Final = Field("after", WHOLE, "Only what comes after it.", place="query")


def _limit(most: int) -> Field:
    return Field(
        "limit", {"type": "integer", "minimum": 1, "maximum": most}, "At most so many.", place="query"
    )


def _operation(method: str, path: str, summary: str, **more: Any) -> Operation:
    fields = more.pop("fields", ())
    is_of_job = "{ref}" in path
    replies = {**REFUSALS, **(MISSING if is_of_job else {}), **more.pop("replies")}
    return Operation(
        path=f"/api/v0{path}",
        methods=(method,),
        access=Access.PRINCIPAL,
        tag="dcp",
        summary=summary,
        fields=(*((ID,) if is_of_job else ()), *fields),
        replies=replies,
        **more,
    )


_STATUS: Final = json_reply("Where it stands.", JOB)
_ADDED: Final = object_of(
    {
        "lastSliceNumber": WHOLE,
        "firstSliceNumber": {"type": ["integer", "null"]},
        "added": WHOLE,
        "totalSlices": WHOLE,
    }
)
_LINES: Final = object_of(
    {
        "jobId": JOB_ID,
        "lines": {
            "type": "array",
            "items": object_of({"sliceNumber": WHOLE, "level": TEXT, "message": TEXT, "time": WHOLE}),
        },
        "next": WHOLE,
    }
)
_ACCOUNT: Final = object_of({"name": TEXT, "address": TEXT, "balance": AMOUNT, "reserved": AMOUNT})
_REASON: Final[Schema] = {"type": ["object", "null"], "properties": {"reason": TEXT}}

OPERATIONS: Final[tuple[Operation, ...]] = (
    _operation(
        "POST",
        "/job",
        "Deploy a job.",
        description="`Idempotency-Key`: sent again, the first answer is given again.",
        body={JSON: DEPLOY},
        replies={
            **BODY,
            201: json_reply(
                "It takes slices until it is closed.",
                object_of(
                    {"jobId": JOB_ID},
                    {"totalSlices": WHOLE, "status": STATUS, "warnings": {"type": "array", "items": TEXT}},
                ),
            ),
            402: json_reply("The account has not enough for these slices.", ERROR),
            403: json_reply("An account or a group that is not yours, or the key lacks the scope.", ERROR),
            409: json_reply("The Idempotency-Key stood for another request.", ERROR),
            422: json_reply("The work function can never run; `line` and `column` say where.", ERROR),
        },
    ),
    _operation(
        "POST",
        "/job/{ref}/slices",
        "Add slices to a job.",
        body={
            JSON: {
                "type": ["object", "array"],
                "properties": {"sliceData": SLICES, "slices": SLICES},
            }
        },
        replies={
            **BODY,
            201: json_reply("Numbers go on where they ended.", _ADDED),
            402: json_reply("The account has not enough; the job is as it was.", ERROR),
            409: json_reply("It is closed, cancelled or of another window.", ERROR),
        },
    ),
    _operation("POST", "/job/{ref}/close", "Take no more slices. Twice is once.", replies={200: _STATUS}),
    _operation(
        "GET",
        "/job/{ref}/result",
        "What was computed, and what went wrong.",
        description="Counters are of the whole job. With `limit` there is a `next`, for `after`.",
        fields=(_RANGE, _AFTER, _limit(1_000_000)),
        replies={200: json_reply("Rising by number.", RESULTS), 304: Reply("As you know it.")},
    ),
    _operation(
        "GET",
        "/job/{ref}/result/{number}",
        "The same of one slice.",
        fields=(Field("number", {"type": "integer", "minimum": 1}, place="path", example=1),),
        replies={
            200: json_reply("With one entry, or none yet.", RESULTS),
            404: json_reply("No such job of yours, or no such slice.", ERROR),
        },
    ),
    _operation(
        "GET",
        "/job/{ref}/result/wait",
        "The same, when all slices of the range are over or the time is up.",
        fields=(
            _RANGE,
            Field(
                "timeout",
                {"type": "number", "minimum": 0},
                "Seconds, 30 unless given and 120 at most.",
                place="query",
                example=0,
            ),
        ),
        replies={200: json_reply("`complete` says which.", RESULTS)},
    ),
    _operation("GET", "/job/{ref}", "Where a job stands.", replies={200: _STATUS}),
    _operation("GET", "/job/{ref}/status", "The same.", replies={200: _STATUS}),
    _operation(
        "DELETE",
        "/job/{ref}",
        "Cancel a job; what was computed stays.",
        fields=(Field("reason", TEXT, place="query"),),
        body={JSON: _REASON},
        replies={**BODY, 204: Reply("It is cancelled, or had ended.")},
    ),
    _operation(
        "GET",
        "/job/{ref}/console",
        "What work functions said.",
        fields=(_AFTER, _limit(10_000)),
        replies={200: json_reply("In the order it came.", _LINES)},
    ),
    _operation(
        "GET",
        "/jobs",
        "Your jobs, newest first, of every window.",
        fields=(
            Field("status", {"type": "array", "items": STATUS}, "One of them.", place="query"),
            Field("startTime", WHOLE, "Deployed then or later, in milliseconds.", place="query"),
            Field("endTime", WHOLE, "Deployed then or earlier, in milliseconds.", place="query"),
            Field("limit", WHOLE, "At most so many.", place="query"),
            Field("offset", WHOLE, "Leave out so many.", place="query"),
        ),
        replies={200: json_reply("As a job's status.", {"type": "array", "items": JOB})},
    ),
    _operation(
        "GET",
        "/jobs/count",
        "How many they are.",
        replies={200: json_reply("All of them.", object_of({"jobCount": WHOLE}))},
    ),
    _operation(
        "GET",
        "/accounts",
        "Your payment accounts.",
        replies={
            200: json_reply("`reserved` waits with jobs.", {"type": "array", "items": _ACCOUNT}),
        },
    ),
    Operation(
        path="/api/v0/spec",
        methods=("GET",),
        access=Access.PUBLIC,
        tag="dcp",
        summary="This API as an OpenAPI document.",
        replies={200: Reply("OpenAPI 3.1.", {"application/yaml": {"type": "object"}})},
    ),
)

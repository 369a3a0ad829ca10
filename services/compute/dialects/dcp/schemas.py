"""Shapes of what this room takes and gives."""

from collections.abc import Mapping
from typing import Final

from libs.openapi.document import Field, Reply, Schema, json_reply, object_of
from services.compute.dialects.dcp.statuses import Status

TEXT: Final[Schema] = {"type": "string"}
MAYBE: Final[Schema] = {"type": ["string", "null"]}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
AMOUNT: Final[Schema] = {"type": "string", "pattern": r"^-?\d+\.\d{18}$"}
MOMENT: Final[Schema] = {"type": ["integer", "null"], "description": "Milliseconds since 1970."}
JOB_ID: Final[Schema] = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
SENT_ID: Final[Schema] = {"type": "string", "pattern": "^(0[xX])?[0-9a-fA-F]{40}$"}
STATUS: Final[Schema] = {"enum": [status.value for status in Status]}
ERROR: Final = object_of(
    {"error": TEXT, "message": TEXT, "code": TEXT},
    {
        "detail": {"type": "array", "items": object_of({"path": TEXT, "reason": TEXT})},
        "supported": {"type": "array", "items": TEXT},
        "required": TEXT,
        "available": TEXT,
        "line": {"type": ["integer", "null"]},
        "column": {"type": ["integer", "null"]},
        "requestId": TEXT,
    },
)
COUNTERS: Final[Mapping[str, Schema]] = {
    "jobId": JOB_ID,
    "status": STATUS,
    **dict.fromkeys(("totalSlices", "completedSlices", "activeSlices", "failedSlices"), WHOLE),
}
JOB: Final = object_of(
    {
        **COUNTERS,
        "totalCPUTime": {"type": "number", "minimum": 0, "description": "Seconds."},
        "totalGPUTime": {"type": "number", "minimum": 0},
        "open": {"type": "boolean"},
        "runStatus": STATUS,
        **dict.fromkeys(("total", "distributed", "computed"), WHOLE),
        "name": TEXT,
        "account": MAYBE,
        "createdTime": {"type": "integer"},
        "finishedTime": MOMENT,
    },
    {"reason": TEXT},
)
RESULTS: Final = object_of(
    {
        **COUNTERS,
        "results": {
            "type": "array",
            "items": object_of(
                {"sliceNumber": WHOLE, "value": {}},
                {"note": {"enum": ["NaN", "Infinity", "-Infinity"]}},
            ),
        },
        "errors": {
            "type": "array",
            "items": object_of(
                {"sliceNumber": WHOLE, "attempts": WHOLE},
                {
                    **dict.fromkeys(("code", "name", "message", "stack"), TEXT),
                    "exitCode": {"type": "integer"},
                },
            ),
        },
    },
    {"next": {"type": ["integer", "null"]}, "complete": {"type": "boolean"}},
)
SLICES: Final[Schema] = {
    "description": "A list of data, or `{start, end, step?, group?}`, `{ranges: [...]}`, "
    "`{sparse: true, ranges: [...]}`.",
    "type": ["array", "object", "null"],
}
GROUP: Final = object_of({"joinKey": TEXT}, {"joinSecret": TEXT})
DEPLOY: Final = object_of(
    {
        "work": object_of(
            {"function": TEXT},
            {
                "language": TEXT,
                "runtime": object_of({}, {"name": TEXT, "version": TEXT, "custom": {"type": "boolean"}}),
                "pyimports": {"type": "array", "items": TEXT},
            },
        ),
        "account": object_of(
            {},
            {
                "json": {"type": ["object", "string"]},
                "address": TEXT,
                "label": TEXT,
                "name": TEXT,
                "password": TEXT,
            },
        ),
    },
    {
        "slices": SLICES,
        "args": {"type": "array"},
        "computeGroups": {"type": "array", "items": GROUP},
        "slicePaymentOffer": {"type": ["number", "string", "object"]},
        "requirements": {"type": ["object", "array"]},
        "packages": {"type": "array", "items": TEXT},
        "public": object_of({}, {"name": TEXT, "description": TEXT, "link": TEXT}),
        "maxErrors": {"type": "integer", "minimum": 1},
    },
)
ID: Final = Field("ref", SENT_ID, "The job's id, with or without 0x.", place="path", example="0x" + "0" * 40)
REFUSALS: Final[Mapping[int, Reply]] = {
    400: json_reply("What cannot be read; `detail` says where.", ERROR),
    401: json_reply("No credential, or one that does not count. `error` and `message` are the same.", ERROR),
    403: json_reply("The key lacks the scope.", ERROR),
    429: json_reply("Too many at a time; Retry-After says for how long.", ERROR),
    503: json_reply("Not possible right now; Retry-After says for how long.", ERROR),
}
MISSING: Final[Mapping[int, Reply]] = {404: json_reply("No such job of yours.", ERROR)}
BODY: Final[Mapping[int, Reply]] = {
    413: json_reply("The body is too large, or there are too many slices.", ERROR),
    415: json_reply("A Content-Encoding other than gzip.", ERROR),
}

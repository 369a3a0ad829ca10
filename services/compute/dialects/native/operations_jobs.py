"""Jobs: taken, listed, shown, changed; their events."""

from collections.abc import Mapping

from libs.openapi.document import Access, Field, Operation, Reply
from services.compute.dialects.native.schemas import (
    BODY,
    EVENT,
    FLAG,
    JOB_FIELD,
    MAYBE_TEXT,
    NOT_THERE,
    NUMBER,
    RECEIPT,
    REFUSALS,
    SHOWN_JOB,
    SUMMARY,
    TEXT,
    TEXT_MAP,
    WHOLE,
    given,
    problem,
)
from services.compute.domain.states import State

KEY = Field(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "A second request with it gets the first one's answer.",
    place="header",
    example="try-1",
)
LAST = Field("Last-Event-ID", TEXT, "Where a stream that broke goes on.", place="header", example="0")
ACCEPT = Field("Accept", TEXT, "`text/event-stream` to follow.", place="header", example="application/json")
WAIT = Field("wait", {"type": "number", "minimum": 0, "maximum": 30}, "Seconds.", place="query", example=0)
KNOWN = Field("If-None-Match", TEXT, "The ETag of the answer before.", place="header", example='"0"')
STREAM = "text/event-stream"
_TAKEN: Mapping[int, Reply] = {
    **REFUSALS,
    201: given("Taken. `Location` is the job.", RECEIPT),
    409: problem("The first request with this key is at work, or the job's state forbids it."),
    413: problem("The body is too large."),
    415: problem("The body's coding is unknown."),
    422: problem("The job cannot be taken as it is described; `errors` says why. Or the key was used."),
}
WHICH: tuple[Field, ...] = (
    Field("state", TEXT, f"Of: {', '.join(State)}; several with commas.", place="query", example="queued"),
    Field("dialect", TEXT, "Where it came from; several with commas.", place="query", example="native"),
    Field("name", TEXT, place="query", example="trial"),
    Field("label", TEXT, "`name=value`; several with commas.", place="query", example="a=b"),
    Field("since", NUMBER, "Submitted after.", place="query", example=0),
    Field("until", NUMBER, "Submitted before.", place="query", example=4000000000),
    Field("workflow", TEXT, "Of this workflow alone: its uid or integer id.", place="query"),
    Field("deleted", FLAG, "Deleted ones as well.", place="query", example=False),
    Field("all", FLAG, "Everybody's; for administrators.", place="query", example=False),
    Field("limit", {"type": "integer", "minimum": 1, "maximum": 200}, place="query", example=50),
    Field("cursor", TEXT, "`next` of the page before.", place="query"),
)
PAGE = given(
    "A page.",
    {
        "type": "object",
        "properties": {"jobs": {"type": "array", "items": SUMMARY}, "next": MAYBE_TEXT},
        "required": ["jobs", "next"],
    },
)


def _changing(word: str, summary: str, replies: Mapping[int, Reply], *, keyed: bool = False) -> Operation:
    return Operation(
        path=f"/tidegate/v1/jobs/{{ref}}/{word}",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary=summary,
        fields=(JOB_FIELD, KEY) if keyed else (JOB_FIELD,),
        replies={**replies, 404: NOT_THERE},
    )


JOBS: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/jobs",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Submit a job.",
        fields=(KEY,),
        body=BODY,
        replies=_TAKEN,
    ),
    Operation(
        path="/tidegate/v1/jobs",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Your jobs, newest first.",
        fields=WHICH,
        replies={**REFUSALS, 200: PAGE, 404: problem("There is no such workflow.")},
    ),
    Operation(
        path="/tidegate/v1/jobs/validate",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Whether a job would be taken; nothing is written.",
        body=BODY,
        replies={
            **{status: reply for status, reply in _TAKEN.items() if status not in (201, 409)},
            200: given(
                "It would, as this.",
                {
                    "type": "object",
                    "properties": {"name": TEXT, "labels": TEXT_MAP, "spec": {"type": "object"}},
                    "required": ["name", "labels", "spec"],
                },
            ),
        },
    ),
    Operation(
        path="/tidegate/v1/jobs/{ref}",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="One job with its spec and runs.",
        fields=(JOB_FIELD, KNOWN),
        replies={
            **REFUSALS,
            200: given("The job.", SHOWN_JOB),
            304: Reply("It is as `If-None-Match` says."),
            404: NOT_THERE,
        },
    ),
    Operation(
        path="/tidegate/v1/jobs/{ref}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Stop a job and hide it from every other window. Twice is once.",
        fields=(JOB_FIELD,),
        replies={**REFUSALS, 204: Reply("It is."), 404: NOT_THERE},
    ),
    _changing(
        "cancel",
        "Stop a job.",
        {**REFUSALS, 200: given("It will end.", SUMMARY), 409: problem("It has ended.")},
    ),
    _changing("retry", "Run a failed or cancelled job again, as a new one.", _TAKEN, keyed=True),
    _changing("clone", "Run a copy of a job.", _TAKEN, keyed=True),
    Operation(
        path="/tidegate/v1/jobs/{ref}/events",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="What happened to a job: all, by long poll, or as it happens (server-sent events).",
        fields=(
            JOB_FIELD,
            Field("after", {"type": "integer", "minimum": 0}, "A `seq`.", place="query", example=0),
            WAIT,
            ACCEPT,
            LAST,
        ),
        replies={
            **REFUSALS,
            200: Reply(
                "Events.",
                {
                    "application/json": {
                        "type": "object",
                        "properties": {
                            "events": {"type": "array", "items": EVENT},
                            "next": WHOLE,
                            "ended": FLAG,
                        },
                        "required": ["events", "next", "ended"],
                    },
                    STREAM: TEXT,
                },
            ),
            204: Reply("Nothing follows what Last-Event-ID names."),
            404: NOT_THERE,
        },
    ),
)

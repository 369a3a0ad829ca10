"""What the routes of this room take and give, for the API description."""

from collections.abc import Iterator, Mapping

from libs.openapi.document import JSON, OCTETS, Access, Field, Operation, Reply, json_reply, object_of
from services.compute.dialects.prominence.operations_stores import store_operations
from services.compute.dialects.prominence.schemas import (
    COUNT,
    DONE,
    ERROR,
    JOBS,
    LISTING,
    MADE,
    NUMBER_FIELD,
    OBJECT,
    ONE_JOB,
    ONE_WORKFLOW,
    REFUSALS,
    STREAM,
    TAG,
    WORD,
    WORKFLOWS,
    closed,
)

BASES = ("/prominence/v1", "/api/v1")
_TAKEN: Mapping[int, Reply] = {
    **REFUSALS,
    201: MADE,
    413: json_reply("The body is too large.", ERROR),
    415: json_reply("The body's coding is unknown.", ERROR),
}
_IDS = Field("id", WORD, "Several with commas.", place="query", example="1,2")
_POSITION = (
    Field("node", WORD, "Of what runs side by side, from 0.", place="query", example="0"),
    Field("offset", COUNT, "Characters to leave out.", place="query", example=0),
)


def _jobs(base: str) -> Iterator[Operation]:
    jobs = f"{base}/jobs"
    one, number = f"{jobs}/{{number}}", (NUMBER_FIELD,)
    listing = (
        *LISTING,
        Field("workflow", WORD, "`true`: `id` is a workflow's.", place="query", example="true"),
        Field("detail", WORD, "`true`: as `GET /jobs/{number}`.", place="query", example="true"),
    )
    yield closed(jobs, "POST", "Submit a job.", _TAKEN, body={JSON: OBJECT})
    yield closed(jobs, "GET", "Your jobs; active ones alone.", {200: json_reply("Jobs.", JOBS)}, listing)
    yield closed(jobs, "DELETE", "End jobs.", {200: DONE}, (_IDS,))
    shown = json_reply("The job, or nothing when there is none of that number.", ONE_JOB)
    yield closed(one, "GET", "One job, in a list.", {200: shown}, number)
    yield closed(one, "DELETE", "End a job.", {200: DONE}, number)
    yield closed(f"{one}/remove", "PUT", "Put away a job that stayed listed.", {200: DONE}, number)
    yield closed(f"{one}/clone", "PUT", "Submit a job once more.", {201: MADE}, number)
    for kind in ("stdout", "stderr"):
        yield closed(f"{one}/{kind}", "GET", f"Its {kind}.", {200: STREAM}, (*number, *_POSITION))
    command = Field("command", WORD, "Words, joined by commas.", place="query", example="ls,-l")
    yield closed(
        f"{one}/exec", "POST", "Run a command inside a running job.", {200: STREAM}, (*number, command)
    )
    path = Field("path", WORD, "Below the home, or absolute.", place="query", example="out.txt")
    snapshot = f"{one}/snapshot"
    yield closed(snapshot, "PUT", "Copy a part of a running job.", {200: DONE}, (*number, path))
    link = json_reply("Where it can be fetched.", object_of({"url": WORD}))
    yield closed(snapshot, "GET", "The last copy.", {200: link}, number)


def _workflows(base: str) -> Iterator[Operation]:
    workflows = f"{base}/workflows"
    one, number = f"{workflows}/{{number}}", (NUMBER_FIELD,)
    yield closed(workflows, "POST", "Submit a workflow.", _TAKEN, body={JSON: OBJECT})
    listed = json_reply("Workflows.", WORKFLOWS)
    yield closed(workflows, "GET", "Your workflows; active ones alone.", {200: listed}, LISTING)
    yield closed(workflows, "DELETE", "End workflows and their jobs.", {200: DONE}, (_IDS,))
    shown = json_reply("The workflow, or nothing when there is none of that number.", ONE_WORKFLOW)
    yield closed(one, "GET", "One workflow, in a list.", {200: shown}, number)
    again = json_reply("The new workflow.", object_of({"id": COUNT}))
    yield closed(one, "PUT", "Run again what did not do well.", {200: again}, number)
    yield closed(one, "DELETE", "End a workflow and its jobs.", {200: DONE}, number)
    yield closed(f"{one}/clone", "PUT", "Submit a workflow once more.", {201: MADE}, number)
    yield closed(f"{one}/remove", "PUT", "Put away a workflow that stayed listed.", {200: DONE}, number)
    place = Field("place", WORD, "A job's name, `/` and an instance.", place="path", example="fit/0")
    for kind in ("stdout", "stderr"):
        fields = (*number, place, *_POSITION)
        yield closed(f"{one}/{{place}}/{kind}", "GET", f"The {kind} of one job.", {200: STREAM}, fields)


def _downloads(base: str) -> Iterator[Operation]:
    proof = (
        Field("expires", WORD, place="query", example="4000000000"),
        Field("Range", WORD, "One range of bytes.", place="header", example="bytes=0-9"),
    )
    uid = Field("uid", WORD, place="path", example="a" * 32)
    places = (
        ("outputs", Field("path", WORD, place="path", example="out.txt"), "A kept output."),
        ("snapshots", Field("errand", WORD, place="path", example="1"), "A copy of a part of a job."),
    )
    for name, field, summary in places:
        yield Operation(
            path=f"{base}/{name}/{{uid}}/{{{field.name}}}",
            methods=("GET",),
            access=Access.LINK,
            tag=TAG,
            summary=summary,
            fields=(uid, field, *proof),
            replies={
                200: Reply("The file.", {OCTETS: {}}),
                206: Reply("The range of it.", {OCTETS: {}}),
                403: json_reply("Not a link of ours, or too late.", ERROR),
                404: json_reply("It is gone.", ERROR),
                416: json_reply("No byte of the range is there.", ERROR),
                503: REFUSALS[503],
            },
        )


def _of(base: str) -> Iterator[Operation]:
    yield from _jobs(base)
    yield from _workflows(base)
    yield from _downloads(base)
    yield from store_operations(base)


OPERATIONS: tuple[Operation, ...] = tuple(operation for base in BASES for operation in _of(base))

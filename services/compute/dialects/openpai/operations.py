"""What the routes of this room take and give, for the API description."""

from collections.abc import Iterator, Mapping
from typing import Final

from libs.openapi.document import (
    JSON,
    TEXT,
    Access,
    Field,
    Operation,
    Reply,
    Schema,
    json_reply,
)
from services.compute.dialects.openpai.banner import INFO, METHODS, WELCOME
from services.compute.dialects.openpai.operations_clusters import OPERATIONS as CLUSTERS
from services.compute.dialects.openpai.schemas import (
    CONFIG,
    DESCRIBED,
    DETAIL,
    DONE,
    FIRST,
    LEGACY_ROW,
    LEGACY_STATUS,
    LOGS,
    SECOND,
    TASK_LOGS,
    V1_ROW,
    VALUE,
    WHOLE,
    WORD,
)

TAG: Final = "openpai"
NAME: Final = Field("name", WORD, place="path", example="exampleJob")
USER: Final = Field("username", WORD, "Whose namespace.", place="path", example="ada")
LISTING: Final = (
    Field("username", WORD, "Jobs of this user alone.", place="query", example="ada"),
    Field("state", WORD, "A word of either generation.", place="query", example="RUNNING"),
    Field("limit", WHOLE, "All of them when left out.", place="query", example=100),
    Field("offset", WHOLE, "X-Total-Count says how many there are.", place="query", example=0),
)
ANY: Final = "JSON (with comments), a URL-encoded or a multipart form, whatever the Content-Type says."
HTML: Final = "text/html"


def _refusals(error: Schema, *, is_closed: bool) -> Mapping[int, Reply]:
    found = {
        401: json_reply("No token, or one that does not count.", error),
        503: json_reply("Nothing can be looked at right now.", error),
    }
    return {**found, 403: json_reply("Somebody else's job.", error)} if is_closed else found


def _missing(is_v1: bool) -> Mapping[int, Reply]:
    if is_v1:
        return {404: json_reply("No such job.", SECOND)}
    return {500: json_reply("No such job (as upstream); X-PAI-Status is 404.", FIRST)}


def _one(  # noqa: PLR0913 -- as a table of them reads
    path: str,
    method: str,
    summary: str,
    replies: Mapping[int, Reply],
    fields: tuple[Field, ...] = (),
    *,
    is_open: bool = False,
    takes: Schema | None = None,
) -> Operation:
    error = SECOND if "/v1" in path else FIRST
    return Operation(
        path=path,
        methods=(method,),
        access=Access.PUBLIC if is_open else Access.PRINCIPAL,
        tag=TAG,
        summary=summary,
        description=ANY if takes is not None else "",
        fields=fields,
        body={} if takes is None else {JSON: takes},
        replies={**_refusals(error, is_closed=not is_open), **replies},
    )


def _taken(is_v1: bool) -> Mapping[int, Reply]:
    error = SECOND if is_v1 else FIRST
    done = json_reply("On record.", DONE)
    replies = {
        202 if is_v1 else 200: done,
        400: json_reply("What is wrong, and where; also a job that no environment can run.", error),
        404: json_reply("No such virtual cluster.", error),
        409: json_reply("A job has this name; a finished one keeps it until it is deleted.", error),
        413: json_reply("More than 2 MiB.", error),
    }
    late = 429 if is_v1 else 500
    return {**replies, late: json_reply("A quota; the seed's generation tells it so.", error)}


def _legacy() -> Iterator[Operation]:
    base, one = "/api/job", "/api/job/{name}"
    rows = json_reply("Newest first.", {"type": "array", "items": LEGACY_ROW})
    bad = {400: json_reply("A parameter that may not be.", FIRST)}
    yield _one(base, "GET", "Jobs.", {200: rows, **bad}, LISTING, is_open=True)
    status = {200: json_reply("As it stands.", LEGACY_STATUS), **_missing(False)}
    yield _one(one, "GET", "A job's status.", status, (NAME,), is_open=True)
    yield _one(one, "PUT", "Submit a job; nothing is ever updated.", _taken(False), (NAME,), takes=CONFIG)
    gone = {200: json_reply("Stopped and gone, its name free.", DONE), **_missing(False)}
    yield _one(one, "DELETE", "Kill and forget a job.", gone, (NAME,))
    yield from _logs(one, (NAME,))


def _v1(base: str, user: tuple[Field, ...]) -> Iterator[Operation]:
    one, fields = f"{base}/{{name}}", (*user, NAME)
    rows = json_reply("Newest first.", {"type": "array", "items": V1_ROW})
    bad = {400: json_reply("A parameter or member that may not be.", SECOND)}
    missing = _missing(True)
    # The path names the user already.
    listing = LISTING[1:] if user else LISTING
    yield _one(base, "GET", "Jobs.", {200: rows, **bad}, (*user, *listing), is_open=True)
    yield _one(base, "POST", "Submit a job.", _taken(True), user, takes=CONFIG)
    shown = {200: json_reply("The job and its tasks.", DETAIL), **missing}
    yield _one(one, "GET", "A job.", shown, fields, is_open=True)
    yield _one(one, "PUT", "Submit a job by the name in the path.", _taken(True), fields, takes=CONFIG)
    done = {202: json_reply("Done.", DONE), **missing}
    yield _one(one, "DELETE", "Kill and forget a job.", done, fields)
    path = f"{one}/executionType"
    yield _one(path, "PUT", "Stop a job, or start it again.", {**done, **bad}, fields, takes=VALUE)
    form = Field("format", {"enum": ["string"]}, "The document as a text.", place="query", example="string")
    config = {200: json_reply("As it was submitted.", {}), **missing}
    yield _one(f"{one}/config", "GET", "The description of a job.", config, (*fields, form))
    yield _one(f"{one}/ssh", "GET", "None: tasks have no sshd.", missing, fields)
    yield from _logs(one, fields)


def _logs(one: str, fields: tuple[Field, ...]) -> Iterator[Operation]:
    is_v1 = "/v1" in one
    missing = {**_missing(is_v1), 404: json_reply("No such task or job.", SECOND if is_v1 else FIRST)}
    path, task = f"{one}/logs", f"{one}/logs/{{role}}/{{index}}"
    yield _one(path, "GET", "Where the tasks' logs are.", {200: json_reply("Logs.", LOGS), **missing}, fields)
    fields = (
        *fields,
        Field("role", WORD, place="path", example="w"),
        Field("index", WHOLE, place="path", example=0),
    )
    replies = {200: json_reply("Its two streams.", TASK_LOGS), **missing}
    yield _one(task, "GET", "Where one task's logs are.", replies, fields)
    text = {TEXT: WORD}
    for kind in ("stdout", "stderr"):
        said = {
            200: Reply("As it stands.", text),
            206: Reply("The part that is asked for.", text),
            416: json_reply("It has no such part.", SECOND if is_v1 else FIRST),
            **missing,
        }
        yield _one(f"{task}/{kind}", "GET", f"Its {kind}.", said, fields)


def _about() -> Iterator[Operation]:
    for path in WELCOME:
        yield Operation(
            path=path,
            methods=METHODS,
            tag=TAG,
            summary="A banner; with `Accept: application/json` what this is.",
            replies={200: Reply("It answers.", {HTML: WORD, JSON: DESCRIBED})},
        )
    for path in INFO:
        yield Operation(
            path=path,
            methods=("GET",),
            tag=TAG,
            summary="What this is, and for how long jobs are kept.",
            replies={200: json_reply("In a few words.", DESCRIBED)},
        )


OPERATIONS: tuple[Operation, ...] = (
    *_about(),
    *_legacy(),
    *_v1("/api/v1/user/{username}/jobs", (USER,)),
    *_v1("/openpai/api/v1/jobs", ()),
    *CLUSTERS,
)

"""What the routes that list, show and end jobs take and give."""

from collections.abc import Iterator, Mapping
from typing import Final

from libs.openapi.document import JSON, Field, Operation, Reply, json_reply, object_of
from services.compute.dialects.dirac.attributes.table import DIRACX, Kind
from services.compute.dialects.dirac.schemas import (
    ERROR,
    JID,
    MISSING,
    OBJECT,
    WHOLE,
    WORD,
    Schema,
    closed,
)

_FLAG: Final[Schema] = {"type": "boolean"}
_TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": WHOLE}
_CONFLICT: Final[Mapping[int, Reply]] = {409: json_reply("Not in the state it is in.", ERROR)}
_TOO_LARGE: Final[Mapping[int, Reply]] = {413: json_reply("The body is too large.", ERROR)}
_TEXTS: Final = ("status", "minorStatus", "appStatus", "site", "owner", "ownerGroup", "name", "jobGroup")
_JOB: Final = object_of(
    {},
    {
        "jid": WHOLE,
        **dict.fromkeys((*_TEXTS, "setup", "ownerDN", "jobType", "vo"), WORD),
        **dict.fromkeys(("reschedules", "cpuTime", "priority"), WHOLE),
        "flags": {"type": "object", "additionalProperties": _FLAG},
        "times": {"type": "object", "additionalProperties": _TIME},
    },
)
_ONE: Final = object_of(
    {"jid": WHOLE, "status": WORD, "parameters": OBJECT, "links": OBJECT}, {"flags": OBJECT, "times": OBJECT}
)
_LIST: Final = object_of(
    {"entries": {"type": "integer", "minimum": 0}, "jobs": {"type": "array", "items": _JOB}},
    {"warnings": {"type": "array", "items": WORD}},
)
_STEP: Final = object_of(
    {"time": _TIME, "status": WORD, "minorStatus": WORD, "appStatus": WORD, "source": WORD}
)
_LOG: Final = object_of({"jid": WHOLE, "log": {"type": "array", "items": _STEP}})
_JIDS: Final[Schema] = {"type": "array", "items": WHOLE}
_SEVERAL: Final = object_of({"killed": _JIDS, "deleted": _JIDS, "unchanged": _JIDS, "failed": OBJECT})
_BULK: Final = object_of({"success": OBJECT, "failed": OBJECT})
_NOTHING: Final = json_reply("Nothing of it could be done: `failed` says why.", ERROR)


def _query(name: str, about: str, example: str | int, schema: Schema = WORD) -> Field:
    return Field(name, schema, about, place="query", example=example)


_ALL: Final = _query("allOwners", "`true`: of whomever you may see.", "false")
_RESTRICTIONS: Final = (
    _query(
        "status", "An attribute, by either name and in any case; several values are alternatives.", "Done"
    ),
    _query("site", "As `status`.", "ANY"),
    _query("from", "Changed since: a moment or the beginning of one, UTC.", "2024-01-01"),
    _query("to", "Changed until.", "2030"),
    _query("strict", "`true`: unknown names are refused rather than told in `warnings`.", "false"),
)
_LISTING: Final = (
    _ALL,
    _query("maxJobs", "1 to 10000; 100 when left out.", 100, WHOLE),
    _query("startJob", "How many are passed over.", 0, WHOLE),
    _query("sort", "`name`, `name:asc` or `name:desc`; newest first when left out.", "jid:desc"),
    _query("fields", "Names with commas; all when left out.", "jid,status"),
    *_RESTRICTIONS,
)
_KILL: Final = _query("killonly", "`true`: killed, never deleted.", "true")
_CONDITION: Final[Schema] = {
    "type": "object",
    "properties": {"parameter": {"enum": [each.name for each in DIRACX]}, "operator": WORD},
}
_SEARCH: Final[Schema] = {"type": "array", "items": _CONDITION}
_TYPES: Final = {Kind.WHOLE: "integer", Kind.FLAG: "boolean", Kind.TEXT: "string", Kind.MOMENT: "string"}
_ROW: Final[Schema] = {
    "type": "object",
    "properties": {
        **{each.name: {"type": [_TYPES[each.kind], "null"]} for each in DIRACX},
        "LoggingInfo": {"type": "array", "items": OBJECT},
    },
}


def _legacy() -> Iterator[Operation]:
    listed = json_reply("How many there are in all, and some of them; `Link` names the next.", _LIST)
    yield closed("/jobs", "GET", "List jobs, newest first.", {200: listed}, _LISTING)
    ended = json_reply("What became of each.", _SEVERAL)
    yield closed("/jobs", "DELETE", "Kill or delete jobs.", {200: ended}, (_query("jid", "Jobs.", 1), _KILL))
    group = _query("group", "An attribute; several make keys with `|`.", "Status")
    counts = json_reply("How many jobs have each value.", _COUNTS)
    yield closed("/jobs/summary", "GET", "Count jobs.", {200: counts}, (group, _ALL, *_RESTRICTIONS))
    span = _query("timeSpan", "Seconds back from now; a day when left out, 31 days at most.", 86_400, WHOLE)
    series = json_reply(
        "By status, at the beginning of each bucket.", object_of({"data": OBJECT, "granularity": WHOLE})
    )
    yield closed("/jobs/history", "GET", "How many jobs were in which status.", {200: series}, (span, _ALL))
    one = "/jobs/{jid}"
    yield closed(one, "GET", "One job.", {200: json_reply("The job.", _ONE), **MISSING}, (JID,))
    status = object_of({"jid": WHOLE, "status": WORD, "minorStatus": WORD, "changed": _FLAG})
    done = {200: json_reply("The status it has now, and whether that came of this.", status), **MISSING}
    yield closed(one, "DELETE", "Kill or delete a job.", done, (JID, _KILL))
    log = {200: json_reply("Newest last.", _LOG), **MISSING}
    yield closed(f"{one}/log", "GET", "The statuses a job had.", log, (JID,))
    said = object_of({"jid": WHOLE, "size": WHOLE, "stdout": WORD})
    peek = {200: json_reply("The end of it; `size` counts the bytes so far.", said), **MISSING}
    yield closed(f"{one}/peek", "GET", "What a job has written to standard output.", peek, (JID,))
    again = object_of(
        {"jid": WHOLE, "rescheduledFrom": WHOLE, "status": WORD, "minorStatus": WORD, "reschedules": WHOLE}
    )
    tried = {200: json_reply("The new job.", again), **MISSING, **_CONFLICT}
    yield closed(f"{one}/reschedule", "POST", "Try a job that failed or was killed once more.", tried, (JID,))


def _api() -> Iterator[Operation]:
    base = "/dirac/api/jobs"
    page = (
        _query("page", "From 1.", 1, WHOLE),
        _query("per_page", "1 to 10000; 100 when left out.", 10, WHOLE),
    )
    rows: Schema = {"type": "array", "items": _ROW}
    asked: Schema = {
        "type": "object",
        "properties": {"search": _SEARCH, "parameters": {"type": "array", "items": WORD}},
    }
    found = {
        200: json_reply("All of them, or none past the end.", rows),
        206: json_reply("A part; `Content-Range: jobs a-b/total`.", rows),
        **_TOO_LARGE,
    }
    yield closed(f"{base}/search", "POST", "Search jobs.", found, page, {JSON: asked})
    grouping: Schema = {
        "type": "object",
        "properties": {"search": _SEARCH, "grouping": {"type": "array", "items": WORD}},
    }
    counted = {200: json_reply("Groups.", {"type": "array", "items": OBJECT}), **_TOO_LARGE}
    yield closed(f"{base}/summary", "POST", "Count jobs.", counted, body={JSON: grouping})
    resets = _query("reset_jobs", "`true`: however often they were tried; for JobAdministrator.", "false")
    jobs: Schema = {"type": "object", "properties": {"job_ids": {"type": "array", "items": WHOLE}}}
    tried = {200: json_reply("The new jobs, by the old ones.", _BULK), **_TOO_LARGE}
    yield closed(f"{base}/reschedule", "POST", "Try jobs once more.", tried, (resets,), {JSON: jobs})
    force = _query("force", "For JobAdministrator; changes nothing here.", "false")
    changed = {200: json_reply("What became of each.", _BULK), 404: _NOTHING, **_TOO_LARGE}
    yield closed(f"{base}/status", "PATCH", "Kill or delete jobs.", changed, (force,), {JSON: OBJECT})


OPERATIONS: tuple[Operation, ...] = (*_legacy(), *_api())

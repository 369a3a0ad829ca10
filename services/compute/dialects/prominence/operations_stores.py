"""Files, keys and values, accounts, sites: what is no job."""

from collections.abc import Iterator, Mapping
from typing import Final

from libs.openapi.document import (
    JSON,
    OCTETS,
    TEXT,
    Access,
    Field,
    Operation,
    Reply,
    Schema,
    json_reply,
    object_of,
)
from services.compute.dialects.prominence.schemas import (
    COUNT,
    DONE,
    ERROR,
    NUMBER,
    OBJECT,
    REFUSALS,
    TAG,
    WORD,
    closed,
)

_FILES: Final[Schema] = {
    "type": "array",
    "items": object_of({"name": WORD, "size": COUNT, "lastModified": WORD}),
}
_URL: Final = json_reply("Where to send it.", object_of({"url": WORD}))
_ASKING: Final = object_of({}, {"filename": WORD, "checksum": {"type": ["string", "null"]}})
_TOO_LARGE: Final = json_reply("It is too large.", ERROR)
_SUMS: Final[Schema] = {
    "type": "object",
    "additionalProperties": object_of({"numberOfJobs": COUNT, "cpuTime": NUMBER, "wallTime": NUMBER}),
}
_SIZE: Final = object_of({"cpus": COUNT, "memory": COUNT})
_SITES: Final = object_of(
    {"existing": {"type": "array", "items": object_of({"site": WORD, "capacity": _SIZE, "free": _SIZE})}}
)
_DAYS: Final = (
    Field("start", WORD, "The first day.", place="query", example="2026-01-01"),
    Field("end", WORD, "The day after the last.", place="query", example="2026-02-01"),
    Field("by_group", WORD, "`true`: of your groups as well.", place="query", example="true"),
    Field("show_all_users", WORD, "`true`: everybody's; for administrators.", place="query", example="true"),
)
_KEY: Final = Field("key", WORD, place="path", example="a/b")
_LIST: Final = (
    Field("list", WORD, "`true`: names of keys.", place="query", example="true"),
    Field("values", WORD, "With their values.", place="query"),
)


def store_operations(base: str) -> Iterator[Operation]:
    yield from _data(f"{base}/data")
    yield from _keys(f"{base}/kv")
    yield from _rest(base)


def _data(data: str) -> Iterator[Operation]:
    named = (
        Field("name", WORD, "In place of the body's.", place="query", example="x.txt"),
        Field("checksum", WORD, "Likewise.", place="query"),
    )
    asked = {201: _URL, 413: _TOO_LARGE, 415: json_reply("The body's coding is unknown.", ERROR)}
    for path in (data, f"{data}/"):
        yield closed(path, "GET", "Your files.", {200: json_reply("Files.", _FILES)})
    below = Field("path", WORD, "A group and a folder.", place="path", example="physics")
    files = json_reply("Files.", _FILES)
    yield closed(f"{data}/{{path}}", "GET", "Files below a folder.", {200: files}, (below,))
    for path in (data, f"{data}/upload"):
        yield closed(path, "POST", "Ask to send a file.", asked, named, {JSON: _ASKING})
    yield Operation(
        path=f"{data}/content",
        methods=("PUT",),
        access=Access.LINK,
        tag=TAG,
        summary="Send a file to the link that was given for it.",
        fields=(Field("upload", WORD, place="query", example="x"),),
        body={OCTETS: {}},
        replies={
            200: json_reply("It is kept.", object_of({"name": WORD, "size": COUNT, "sha256": WORD})),
            400: json_reply("It did not come whole.", ERROR),
            403: json_reply("Not a link of ours, used up, or too late.", ERROR),
            413: _TOO_LARGE,
            429: json_reply("The holder has no room for it.", ERROR),
            503: REFUSALS[503],
        },
    )
    yield closed(f"{data}/output", "POST", "For workers of the original alone.", {})
    name = Field("name", WORD, place="path", example="x.txt")
    yield closed(f"{data}/{{name}}", "DELETE", "Remove a file.", {204: Reply("It is gone.")}, (name,))


def _keys(kv: str) -> Iterator[Operation]:
    listed: Mapping[int, Reply] = {
        200: json_reply("Keys, or pairs.", {"type": "array", "items": {"type": ["string", "object"]}})
    }
    for path in (kv, f"{kv}/"):
        yield closed(path, "GET", "Your keys.", listed, _LIST)
    one = f"{kv}/{{key}}"
    shown = {
        200: Reply("The value; or keys, when they are asked for.", {TEXT: WORD, JSON: {"type": "array"}}),
        404: json_reply("No such key.", ERROR),
    }
    yield closed(one, "GET", "A value.", shown, (_KEY, *_LIST))
    before = Field("prev", WORD, "Only when this is its value.", place="query")
    made = {201: json_reply("Kept.", OBJECT)}
    yield closed(one, "POST", "Keep a value.", made, (_KEY, before), {OCTETS: {}})
    prefix = Field("prefix", WORD, "All keys below it.", place="query", example="True")
    yield closed(one, "DELETE", "Forget a key.", {200: DONE}, (_KEY, prefix))


def _rest(base: str) -> Iterator[Operation]:
    usage = json_reply("In hours of a processor.", object_of({"usage": object_of(
        {"users": _SUMS, "groups": _SUMS})}))  # fmt: skip
    for path in (f"{base}/accounting", f"{base}/usage"):
        yield closed(path, "GET", "What jobs used.", {200: usage}, _DAYS)
    yield closed(f"{base}/resources", "GET", "Where jobs run.", {200: json_reply("Sites.", _SITES)})
    yield Operation(
        path=f"{base}/health",
        methods=("GET",),
        tag=TAG,
        summary="Whether it works.",
        replies={
            204: Reply("It does."),
            409: json_reply("It does not; what does not.", object_of({"errors": WORD})),
        },
    )
    if base != "/api/v1":  # there it is OpenPAI's
        yield closed(f"{base}/token", "POST", "For workers of the original alone.", {})

"""Schemas, parameters and replies that the descriptions of this room's routes share."""

from collections.abc import Mapping
from typing import Any, Final

from libs.openapi.document import JSON, OCTETS, Access, Field, Operation, Reply, json_reply, object_of

Schema = Mapping[str, Any]
TAG: Final = "file catalogue"
BASE: Final = "/filecatalogue"
WORD: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
YES_NO: Final[Schema] = {"enum": ["", "1", "true", "yes", "on", "0", "false", "no", "off"]}
OBJECT: Final[Schema] = {"type": "object"}
VALUE: Final[Schema] = {"type": ["integer", "number", "string"]}
VALUES: Final[Schema] = {"type": "object", "additionalProperties": VALUE}
ERROR: Final = object_of({"error": WORD, "error_description": WORD, "detail": WORD, "status": COUNT})
MODE: Final[Schema] = {"type": ["string", "integer"], "description": "`0775`, or the number that it is."}
STATUS: Final[Schema] = {"enum": ["AprioriGood", "Trash", "Removing", "Probing"]}
_COMMON: Final[Mapping[str, Schema]] = {
    "UID": COUNT,
    "Owner": WORD,
    "GID": COUNT,
    "OwnerGroup": WORD,
    "Mode": COUNT,
    "ModeString": {"type": "string", "pattern": "^0[0-7]{3,4}$"},
    "Status": STATUS,
    "CreationDate": WORD,
    "ModificationDate": WORD,
}
DIRECTORY: Final = object_of({}, {"DirID": COUNT, **_COMMON})
FILE: Final = object_of(
    {},
    {
        "FileID": COUNT,
        "Size": COUNT,
        "Checksum": WORD,
        "ChecksumType": {"enum": ["Adler32", "MD5", "SHA256", "SHA512"]},
        "GUID": WORD,
        "Type": {"enum": ["File", "Link"]},
        **_COMMON,
    },
)
REPLICAS: Final[Schema] = {
    "type": "object",
    "additionalProperties": object_of(
        {"PFN": WORD, "Status": STATUS}, {"Type": {"enum": ["Master", "Replica"]}}
    ),
}
LISTED: Final[Schema] = {
    "type": "object",
    "additionalProperties": object_of({"MetaData": FILE}, {"Replicas": REPLICAS}),
}
LISTING: Final = object_of({"Files": LISTED, "SubDirs": OBJECT, "Links": LISTED, "Datasets": OBJECT})
DONE: Final = json_reply("Done: the path with `true`.", OBJECT)
COMPATIBLE: Final[Schema] = {"type": "object", "additionalProperties": {"type": "array", "items": VALUE}}
TREE: Final = object_of(
    {},
    {
        "f": COUNT,
        "s": COUNT,
        "d": OBJECT,
        "truncated": {"const": True},
        "dirs": {"type": "array", "items": object_of({"path": WORD, "files": COUNT, "size": COUNT})},
    },
)
FIELD: Final = object_of(
    {
        "type": {"enum": ["int", "float", "string", "date", "metaset"]},
        "scope": {"enum": ["directory", "file"]},
        "dbtype": WORD,
    }
)
KNOWN: Final = object_of({"metadata": VALUES, "owner": OBJECT, "types": OBJECT})
ATTRIBUTES: Final = object_of({}, {"Mode": MODE, "Owner": WORD, "OwnerGroup": WORD, "Status": STATUS})

DIRECTORY_FIELD: Final = Field("directory", WORD, "URL-safe base64.", place="path", example="L3ZvL3Byb2Q")
FILE_FIELD: Final = Field("file", WORD, "URL-safe base64.", place="path", example="L3ZvL3Byb2QvYS5kYXQ")
SE_FIELD: Final = Field("se", WORD, "The storage element.", place="path", example="DISK")
NAME_FIELD: Final = Field("name", WORD, place="path", example="energy")
REFUSALS: Final[Mapping[int, Reply]] = {
    400: json_reply("A path, a parameter or the body: which one, and what is wrong with it.", ERROR),
    401: json_reply("No token, or one that does not count.", ERROR),
    403: json_reply("No virtual organisation, no scope, or no right to this.", ERROR),
    404: json_reply("No such directory, file, replica, field or metaset.", ERROR),
    429: json_reply("Too many tokens that do not count, or large directories whole, at a time.", ERROR),
    503: json_reply("The catalogue, or tokens, cannot be looked at right now.", ERROR),
}
BYTES: Final[Mapping[int, Reply]] = {
    200: Reply("The file.", {OCTETS: {}}),
    206: Reply("The range of it.", {OCTETS: {}}),
    304: Reply("Unchanged (If-None-Match)."),
    307: Reply("Where it is."),
    416: Reply("No byte of the range is there."),
}
CHANGING: Final[Mapping[int, Reply]] = {
    409: json_reply("What is there already says otherwise.", ERROR),
    413: json_reply("The body is too large, or asks too much at once.", ERROR),
}


def option(name: str, schema: Schema, description: str, example: Any = None) -> Field:
    return Field(name, schema, description, place="query", example=example)


def flag(name: str, description: str) -> Field:
    return option(name, YES_NO, description, "true")


CONDITION: Final = option(
    "{field}", WORD, "A condition, `operator|value`, under the name of its field; as many as wanted.", ">|4.2"
)
LENIENT: Final = flag("lenient", "Unknown fields are passed over.")
CHOSEN: Final = option("fields", WORD, "Which members to show, with commas.", "Size,Checksum")
ALL_STATUSES: Final = flag("allStatus", "Also what is not AprioriGood.")


def closed(
    path: str,
    method: str,
    summary: str,
    reply: Reply,
    fields: tuple[Field, ...] = (),
    body: Schema | None = None,
) -> Operation:
    changing = {} if method == "GET" else CHANGING
    return Operation(
        path=BASE + path,
        methods=(method,),
        access=Access.PRINCIPAL,
        tag=TAG,
        summary=summary,
        fields=fields,
        replies={**REFUSALS, **changing, 200: reply},
        body={} if body is None else {JSON: body},
    )

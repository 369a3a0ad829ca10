"""What the routes of this room take and give, for the API description."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from libs.openapi.document import JSON, Access, Operation, json_reply, object_of

Members = Mapping[str, Mapping[str, Any]]
_ERROR: Final = object_of({"error": {"type": "string"}})
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_ACTOR: Final = object_of({"name": _TEXT, "group": _TEXT, "groups": _TEXTS, "vo": _TEXT})
_REPLICA: Final = object_of({"se": _TEXT, "pfn": _TEXT, "is_own": {"type": "boolean"}})
_SIZE: Final = {"type": "integer"}
_FILE: Final = object_of(
    {
        "lfn": _TEXT,
        "size": _SIZE,
        "checksum": _TEXT,
        "checksum_type": _TEXT,
        "replicas": {"type": "array", "items": _REPLICA},
    }
)
_NEW: Final = object_of(
    {
        "lfn": _TEXT,
        "guid": _TEXT,
        "size": _SIZE,
        "sha256": _TEXT,
        "pfn": _TEXT,
        "metadata": {"type": "object"},
        "ancestors": _TEXTS,
    }
)


def _of(name: str, summary: str, body: Members, reply: Members) -> Operation:
    return Operation(
        path=f"/internal/files/{name}",
        methods=("POST",),
        access=Access.SERVICE,
        tag="internal",
        summary=summary,
        body={JSON: object_of(body)},
        replies={
            200: json_reply("Done.", object_of(reply)),
            400: json_reply("Malformed.", _ERROR),
            401: json_reply("No service token.", _ERROR),
            403: json_reply("Not for this service.", _ERROR),
            503: json_reply("It cannot be asked now.", _ERROR),
        },
    )


def _all() -> Iterator[Operation]:
    files = {"type": "array", "items": _FILE}
    new = {"type": "array", "items": _NEW}
    yield _of("locate", "Files that somebody may read.", {"actor": _ACTOR, "lfns": _TEXTS}, {"files": files})
    refused = {"type": "object", "additionalProperties": _TEXT}
    asked = {"actor": _ACTOR, "files": new}
    yield _of("refusals", "Which of them registering would refuse.", asked, {"refused": refused})
    yield _of("register", "Files that a job made.", asked, {"refused": refused})
    yield _of("named", "Which of them a file names.", {"guids": _TEXTS}, {"guids": _TEXTS})


OPERATIONS: Final[tuple[Operation, ...]] = tuple(_all())

"""What the routes that take jobs, and show what they were described by, take and give."""

from collections.abc import Mapping
from typing import Final

from libs.openapi.document import FORM, JSON, TEXT, Field, Operation, Reply, json_reply, object_of
from services.compute.dialects.dirac.schemas import (
    ERROR,
    JID,
    KEY,
    MISSING,
    OBJECT,
    WHOLE,
    WORD,
    closed,
)

MULTIPART: Final = "multipart/form-data"
_TAKEN: Final = object_of(
    {
        "jids": {"type": "array", "items": WHOLE},
        "jobs": {
            "type": "array",
            "items": object_of({"jid": WHOLE, "status": WORD, "minorStatus": WORD}),
        },
    }
)
_ACCEPTED: Final = {
    "type": "array",
    "items": object_of({"JobID": WHOLE, "Status": WORD, "MinorStatus": WORD, "TimeStamp": WORD}),
}
_REFUSED: Final[Mapping[int, Reply]] = {
    400: json_reply("`invalid_manifest`: every problem, with a pointer to its attribute.", ERROR),
    409: json_reply("The first request with this key is at work.", ERROR),
    413: json_reply("Manifests or files are too large.", ERROR),
    422: json_reply("The key stood for another request before.", ERROR),
}
_MANIFEST: Final = Field(
    "manifest",
    WORD,
    "A JSON object as text; may come several times, in the query or in a form.",
    place="query",
    example='{"Executable":"/bin/echo"}',
)
_FORM: Final = {
    "type": "object",
    "properties": {"manifest": {"type": "array", "items": WORD}},
}
_FORMAT: Final = Field("format", {"enum": ["json", "jdl"]}, place="query", example="json")
_ORIGINAL: Final = Field("original", WORD, "`true`: as it was submitted.", place="query", example="true")

OPERATIONS: tuple[Operation, ...] = (
    closed(
        "/jobs",
        "POST",
        "Submit jobs: all of them or none.",
        {200: json_reply("Taken, in the order of the manifests.", _TAKEN), **_REFUSED},
        (_MANIFEST, KEY),
        {JSON: {"anyOf": [OBJECT, {"type": "array", "items": OBJECT}]}, FORM: _FORM, MULTIPART: _FORM},
    ),
    closed(
        "/jobs/{jid}/manifest",
        "GET",
        "What a job was described by, with what was made of it.",
        {200: Reply("The manifest.", {JSON: OBJECT, TEXT: WORD}), **MISSING},
        (JID, _ORIGINAL, _FORMAT),
    ),
    closed(
        "/dirac/api/jobs/jdl",
        "POST",
        "Submit jobs in DIRAC's job description language.",
        {201: json_reply("Taken.", _ACCEPTED), **_REFUSED},
        (KEY,),
        {JSON: {"type": "array", "items": WORD}},
    ),
)

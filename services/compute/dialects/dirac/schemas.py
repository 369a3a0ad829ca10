"""Schemas and replies that the descriptions of this room's routes share."""

from collections.abc import Mapping
from typing import Any, Final

from libs.openapi.document import Access, Field, Operation, Reply, json_reply, object_of

Schema = Mapping[str, Any]
TAG: Final = "dirac"
WORD: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
OBJECT: Final[Schema] = {"type": "object"}
PROBLEM: Final = object_of({"pointer": WORD, "detail": WORD})
ERROR: Final = object_of(
    {"error": WORD, "error_description": WORD, "detail": WORD, "status": WHOLE},
    {"problems": {"type": "array", "items": PROBLEM}},
)
JID: Final = Field("jid", {"type": "integer", "minimum": 0}, "The job's id.", place="path", example=1)
REFUSALS: Final[Mapping[int, Reply]] = {
    400: json_reply("A parameter that cannot be used; the sentence names it.", ERROR),
    401: json_reply("No token, or one that does not count.", ERROR),
    403: json_reply("A credential that may not do this.", ERROR),
    429: json_reply("A quota, or too many tokens that do not count.", ERROR),
    503: json_reply("Nothing can be looked at right now.", ERROR),
}
MISSING: Final[Mapping[int, Reply]] = {
    404: json_reply("There is no such job, or it is somebody else's.", ERROR)
}
KEY: Final = Field(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255},
    "The same request again gives the same jobs.",
    place="header",
    example="k1",
)


def closed(
    path: str,
    method: str,
    summary: str,
    replies: Mapping[int, Reply],
    fields: tuple[Field, ...] = (),
    body: Mapping[str, Schema] | None = None,
) -> Operation:
    """For whoever has a credential."""
    return Operation(
        path=path,
        methods=(method,),
        access=Access.PRINCIPAL,
        tag=TAG,
        summary=summary,
        fields=fields,
        replies={**REFUSALS, **replies},
        body=body or {},
    )

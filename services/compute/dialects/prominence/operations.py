"""What the routes of this room take and give, for the API description."""

from collections.abc import Mapping

from libs.openapi.document import Access, Field, Operation, Reply, json_reply, object_of

_ERROR = object_of({"error": {"type": "string"}})
_REFUSALS: Mapping[int, Reply] = {
    401: json_reply("No token, or one that does not count.", _ERROR),
    403: json_reply("A token without the scope this needs.", _ERROR),
    429: json_reply("Too many tokens that do not count came from this address.", _ERROR),
    503: json_reply("Tokens cannot be checked right now.", _ERROR),
}
_BASES = ("/prominence/v1", "/api/v1")
_EMPTY = {"type": "array", "maxItems": 0}
_NUMBER = Field("number", {"type": "integer", "minimum": 0}, place="path", example=1)
_REST = Field("rest", {"type": "string"}, place="path", example="kv/a")


def _of(base: str) -> tuple[Operation, ...]:
    lists = [
        Operation(
            path=f"{base}/{kind}",
            methods=("GET",),
            access=Access.PRINCIPAL,
            tag="jobs",
            summary=f"Your {kind}; none, as long as this gateway runs no jobs.",
            replies={**_REFUSALS, 200: json_reply("No jobs.", _EMPTY)},
        )
        for kind in ("jobs", "workflows")
    ]
    details = [
        Operation(
            path=f"{base}/{kind}/{{number}}",
            methods=("GET",),
            access=Access.PRINCIPAL,
            tag="jobs",
            summary="One of them, in a list; an empty list when there is none of that number.",
            fields=(_NUMBER,),
            replies={
                **_REFUSALS,
                200: json_reply("No such job.", _EMPTY),
                400: json_reply("Not a number.", _ERROR),
            },
        )
        for kind in ("jobs", "workflows")
    ]
    rest = Operation(
        path=f"{base}/{{rest}}",
        methods=("GET", "POST", "PUT", "DELETE"),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Everything else of PROMINENCE's API: not enabled yet, and told so.",
        fields=(_REST,),
        replies={**_REFUSALS, 400: json_reply("Not enabled yet.", _ERROR)},
    )
    return (*lists, *details, rest)


OPERATIONS: tuple[Operation, ...] = tuple(entry for base in _BASES for entry in _of(base))

"""Compute-to-data in the Ocean Provider's API; clients find it beside the provider's (contract 1.3, 2)."""

from collections.abc import Mapping
from typing import Any, Final

from libs.openapi.document import JSON, Access, Field, Operation, Reply, Schema, json_reply, named, object_of
from libs.openapi.ocean import ADDRESS, NONCE, REFUSED, TEXT, TOO_LARGE, UNAVAILABLE, address_field

_DID: Final = "did:op:" + "d1" * 32
_ALGORITHM: Final = "did:op:" + "a1" * 32
_JOB: Final = "4d32947065bb46c8b87c1f7adfb7ed8b"
_TX: Final = "0x" + "12" * 32
_JOB_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "It holds a letter."}
_DOCUMENT: Schema = {"type": "string", "pattern": "^did:op:[0-9a-fA-F]{64}$"}
_NUMBER: Schema = {"type": "number"}
_STATUS: Schema = object_of(
    {
        "jobId": TEXT,
        "owner": ADDRESS,
        "status": {"enum": [1, 20, 30, 31, 32, 40, 41, 60, 70]},
        "statusText": TEXT,
        "dateCreated": TEXT,
        "dateFinished": {"type": ["string", "null"]},
        "results": {
            "oneOf": [
                {"const": ""},
                {
                    "type": "array",
                    "items": object_of(
                        {"filename": TEXT, "type": TEXT, "index": {"type": "integer"}},
                        {"filesize": {"type": "integer"}},
                    ),
                },
            ]
        },
        "stopreq": {"enum": [0, 1, 2]},
        "removed": {"enum": [0, 1]},
        "agreementId": TEXT,
        "algoDID": TEXT,
        "inputDID": {"type": "array", "items": TEXT},
    },
    {"exitCode": {"type": "integer"}, "reason": {"type": "object"}, "environment": TEXT},
)
_JOBS: Final = json_reply("Jobs, newest first.", {"type": "array", "items": _STATUS})
_ENVIRONMENT: Schema = object_of(
    {
        "id": TEXT,
        "cpuNumber": _NUMBER,
        "gpuNumber": _NUMBER,
        "ramGB": _NUMBER,
        "diskGB": _NUMBER,
        "priceMin": _NUMBER,
        "currentJobs": {"type": "integer"},
        "maxJobs": {"type": "integer"},
        "maxJobDuration": {"type": "integer"},
        "consumerAddress": ADDRESS,
        "feeToken": ADDRESS,
    }
)
_USE_REFUSED = Reply(
    "A parameter, a signature, or a rule: `error` is a text, or names the resource at fault and the code.",
    {
        JSON: {
            "oneOf": [
                named("ValidationError"),
                object_of({"error": {"type": ["string", "object"]}}, {"reason": TEXT, "message": TEXT}),
            ]
        }
    },
)
_GONE = Reply(
    "No such job or result, or compute is not enabled on this gateway.",
    {JSON: object_of({"error": TEXT}, {"context": {"type": "null"}})},
)
_REPLIES: Mapping[int, Reply] = {404: _GONE, 413: TOO_LARGE, 503: UNAVAILABLE}
_ASSET: Schema = {"type": ["object", "string"]}


def _json(name: str, schema: Schema, description: str, example: str | None, required: bool = False) -> Field:
    return Field(name, schema, description + " In a query as JSON text.", required, example=example)


_OPTIONAL_NONCE = Field("nonce", NONCE.schema, "As in every signed request.", example="2")
_WHICH: tuple[Field, ...] = (
    address_field("consumerAddress", "Whose jobs."),
    Field("jobId", _JOB_ID, example=_JOB),
    Field("documentId", _DOCUMENT, "Of the first dataset.", example=_DID),
    Field("agreementId", TEXT, "The order's transaction, with 0x or without.", example=_TX),
)
_START: tuple[Field, ...] = (
    _json(
        "dataset",
        _ASSET,
        "`documentId`, `serviceId`, `transferTxId`, `userdata`.",
        f'{{"documentId":"{_DID}","serviceId":"0","transferTxId":"{_TX}"}}',
        True,
    ),
    _json(
        "algorithm",
        _ASSET,
        "The same and `algocustomdata`, or `meta` of a raw one.",
        f'{{"documentId":"{_ALGORITHM}","serviceId":"0","transferTxId":"{_TX}"}}',
        True,
    ),
    Field("environment", TEXT, "One of computeEnvironments.", example="ocean-compute"),
    address_field("consumerAddress", "Who ordered."),
    NONCE,
    _json("additionalDatasets", {"type": ["array", "string"]}, "More datasets.", None),
    _json("output", {"type": ["object", "string"]}, "Read, and not used.", None),
)


def _compute(path: str, note: str = "") -> tuple[Operation, ...]:
    """The four methods of the path."""

    def of(method: str, summary: str, **more: Any) -> Operation:
        return Operation(path=path, methods=(method,), tag="compute", summary=summary + note, **more)

    controlled = {**_REPLIES, 200: _JOBS, 400: REFUSED}
    return (
        of(
            "GET",
            "Jobs and their states.",
            description="Signed like a stop, or with an AuthToken, names, sizes and orders are told too.",
            fields=(*_WHICH, _OPTIONAL_NONCE),
            replies={**_REPLIES, 200: _JOBS, 400: REFUSED},
        ),
        of(
            "POST",
            "Start a job.",
            access=Access.WALLET,
            description="Signed: `consumerAddress + dataset.documentId + nonce`.",
            fields=_START,
            replies={
                **_REPLIES,
                200: json_reply("A list of one job.", {"type": "array", "items": _STATUS}),
                400: _USE_REFUSED,
                429: json_reply("Too many unfinished jobs.", "Refusal"),
            },
        ),
        of(
            "PUT",
            "Stop jobs.",
            access=Access.WALLET,
            description="Signed: `consumerAddress + jobId + documentId + nonce`; what is not sent is empty.",
            fields=(*_WHICH, _OPTIONAL_NONCE),
            replies=controlled,
        ),
        of(
            "DELETE",
            "Delete jobs; one that runs is stopped.",
            access=Access.WALLET,
            description="Signed: `consumerAddress + jobId + documentId + nonce`; what is not sent is empty.",
            fields=(*_WHICH, _OPTIONAL_NONCE),
            replies=controlled,
        ),
    )


COMPUTE_OPERATIONS: tuple[Operation, ...] = (
    *_compute("/api/services/compute"),
    *_compute("/api/compute", " (An older path.)"),
    Operation(
        path="/api/services/computeResult",
        methods=("GET", "HEAD"),
        access=Access.WALLET,
        tag="compute",
        summary="One result of a job.",
        description="Signed: `consumerAddress + jobId + index + nonce`. `Range` and `If-Range` work. HEAD "
        "uses a nonce up as well. With an AuthToken the nonce may be left out.",
        fields=(
            Field("jobId", _JOB_ID, "", True, example=_JOB),
            Field(
                "index",
                {"type": ["integer", "string"], "pattern": "^(0|[1-9][0-9]{0,8})$", "minimum": 0},
                "Its position in the job's `results`.",
                True,
                example=0,
            ),
            address_field("consumerAddress", "Whose job."),
            NONCE,
        ),
        replies={
            **_REPLIES,
            200: Reply("The file.", {"*/*": {}}),
            206: Reply("The part asked for.", {"*/*": {}}),
            400: REFUSED,
            416: json_reply("The range lies outside the file.", "Refusal"),
        },
    ),
    Operation(
        path="/api/services/computeEnvironments",
        methods=("GET",),
        tag="compute",
        summary="Where jobs may run, by chain.",
        replies={
            404: _GONE,
            503: UNAVAILABLE,
            200: json_reply(
                "By chain id; a bare list where the operator says so.",
                {
                    "oneOf": [
                        {
                            "type": "object",
                            "additionalProperties": {"type": "array", "items": _ENVIRONMENT},
                        },
                        {"type": "array", "items": _ENVIRONMENT},
                    ]
                },
            ),
        },
    ),
    Operation(
        path="/api/services/initializeCompute",
        methods=("POST",),
        tag="compute",
        summary="What the orders for a job cost.",
        fields=(
            _json("datasets", {"type": ["array", "string"]}, "The main one first.", None, True),
            _json("algorithm", _ASSET, "`documentId` and `serviceId`, or `meta`.", None, True),
            _json("compute", _ASSET, "`env` and `validUntil`.", None, True),
            address_field("consumerAddress", "Who will order."),
        ),
        replies={
            **_REPLIES,
            200: json_reply("Per asset: `validOrder`, or what to order.", {"type": "object"}),
            400: _USE_REFUSED,
        },
    ),
    Operation(
        path="/api/services/validateContainer",
        methods=("POST",),
        tag="compute",
        summary="Check the container section of an algorithm.",
        fields=(
            Field("entrypoint", TEXT, "", True, example="node $ALGO"),
            Field("image", TEXT, "", True, example="node"),
            Field("tag", TEXT, example="latest"),
            Field("checksum", {"type": "string", "pattern": "^sha256:"}, "", True, example="sha256:8221d2"),
        ),
        replies={
            200: json_reply("The section as it was sent.", {"type": "object"}),
            400: REFUSED,
            413: TOO_LARGE,
        },
    ),
)

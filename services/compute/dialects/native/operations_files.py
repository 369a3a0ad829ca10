"""Logs, outputs and sandboxes."""

from collections.abc import Mapping

from libs.openapi.document import OCTETS, TEXT, Access, Field, Operation, Reply, Schema, object_of
from services.compute.dialects.native.operations_jobs import ACCEPT, LAST, STREAM, WAIT
from services.compute.dialects.native.schemas import (
    JOB_FIELD,
    NOT_THERE,
    OUTPUT_FILE,
    REFUSALS,
    WHOLE,
    given,
    problem,
)
from services.compute.dialects.native.schemas import TEXT as A_TEXT

_BYTES: Schema = {"type": "string", "format": "binary"}
_RANGE = Field("Range", A_TEXT, "One byte range.", place="header", example="bytes=0-")
_ATTEMPT = Field("attempt", {"type": "integer", "minimum": 1}, "From 1.", place="query", example=1)
_NAME = Field("name", A_TEXT, "Letters, digits, `.`, `_`, `-`.", place="path", example="my-upload")
_ABSENT = problem("There is no such file or job, or it is somebody else's.")
_PARTS: Mapping[int, Reply] = {
    **REFUSALS,
    404: _ABSENT,
    416: problem("No byte of the range is there."),
}


def _get(path: str, summary: str, fields: tuple[Field, ...], replies: Mapping[int, Reply]) -> Operation:
    return Operation(
        path=f"/tidegate/v1/{path}",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="files",
        summary=summary,
        fields=fields,
        replies=replies,
    )


def _list_of(name: str, schema: Schema) -> Schema:
    return object_of({name: {"type": "array", "items": schema}})


FILES: tuple[Operation, ...] = (
    _get(
        "jobs/{ref}/streams",
        "The log streams of a job.",
        (JOB_FIELD, _ATTEMPT),
        {
            **REFUSALS,
            200: given(
                "Streams that exist so far.",
                object_of(
                    {
                        "attempt": WHOLE,
                        "main": A_TEXT,
                        "streams": {"type": "array", "items": object_of({"stream": A_TEXT, "size": WHOLE})},
                    }
                ),
            ),
            404: _ABSENT,
        },
    ),
    _get(
        "jobs/{ref}/logs",
        "A log: as it stands, parts of it, by long poll, or as it is written (server-sent events).",
        (
            JOB_FIELD,
            Field("stream", A_TEXT, "One of the streams.", place="query", example="main.0.0.output"),
            _ATTEMPT,
            Field("offset", {"type": "integer", "minimum": 0}, "In bytes.", place="query", example=0),
            WAIT,
            ACCEPT,
            LAST,
            _RANGE,
        ),
        {
            **_PARTS,
            200: Reply("The log, or what follows `offset`.", {TEXT: _BYTES, STREAM: A_TEXT}),
            204: Reply("Nothing follows what Last-Event-ID names."),
            206: Reply("The range.", {TEXT: _BYTES}),
        },
    ),
    _get(
        "jobs/{ref}/outputs",
        "What a job left.",
        (JOB_FIELD,),
        {**REFUSALS, 200: given("Its files.", _list_of("files", OUTPUT_FILE)), 404: NOT_THERE},
    ),
    _get(
        "jobs/{ref}/outputs/{path}",
        "One file that a job left.",
        (JOB_FIELD, Field("path", A_TEXT, place="path", example="result.txt"), _RANGE),
        {
            **_PARTS,
            200: Reply("The file.", {OCTETS: _BYTES, "*/*": _BYTES}),
            206: Reply("The range.", {OCTETS: _BYTES, "*/*": _BYTES}),
            304: Reply("It is the one that If-None-Match names."),
        },
    ),
    _get(
        "jobs/{ref}/outputs.zip",
        "All files that a job left.",
        (JOB_FIELD,),
        {**REFUSALS, 200: Reply("The archive.", {"application/zip": _BYTES}), 404: NOT_THERE},
    ),
    _get(
        "sandboxes",
        "Your uploads.",
        (),
        {
            **REFUSALS,
            200: given("All.", _list_of("sandboxes", object_of({"name": A_TEXT, "size": WHOLE}))),
        },
    ),
    Operation(
        path="/tidegate/v1/sandboxes/{name}",
        methods=("PUT",),
        access=Access.PRINCIPAL,
        tag="files",
        summary="Upload a file for jobs to come; an older one of the name is replaced.",
        fields=(_NAME,),
        body={OCTETS: _BYTES},
        replies={
            **REFUSALS,
            200: given(
                "It is kept.",
                object_of(
                    {"name": A_TEXT, "size": WHOLE, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
                ),
            ),
            404: problem("No name for a sandbox."),
            411: problem("A Content-Length is needed, so that half a file is not taken for a whole one."),
            413: problem("The file is too large, or the room for your uploads is used up."),
        },
    ),
    _get(
        "sandboxes/{name}",
        "An upload's bytes.",
        (_NAME, _RANGE),
        {
            **_PARTS,
            200: Reply("The bytes.", {OCTETS: _BYTES}),
            206: Reply("The range.", {OCTETS: _BYTES}),
        },
    ),
    Operation(
        path="/tidegate/v1/sandboxes/{name}",
        methods=("DELETE",),
        access=Access.PRINCIPAL,
        tag="files",
        summary="Remove an upload.",
        fields=(_NAME,),
        replies={**REFUSALS, 204: Reply("It is gone."), 404: _ABSENT},
    ),
)

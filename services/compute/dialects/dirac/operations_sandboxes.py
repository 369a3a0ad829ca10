"""What the routes of sandboxes, of outputs that become files, and of the configuration take and give."""

from collections.abc import Mapping
from typing import Final

from libs.openapi.document import JSON, OCTETS, Access, Field, Operation, Reply, json_reply, object_of
from services.compute.dialects.dirac.schemas import (
    ERROR,
    JID,
    MISSING,
    OBJECT,
    REFUSALS,
    TAG,
    WHOLE,
    WORD,
    closed,
)
from services.compute.domain.archives.packing import FORMS

MULTIPART: Final = "multipart/form-data"
_WORDS: Final = {"type": "array", "items": WORD}
_ARCHIVES: Final[Mapping[str, Mapping[str, object]]] = {form.media_type: {} for form in FORMS.values()}
_FORMAT: Final = Field("format", {"enum": sorted(FORMS)}, place="query", example="tar.gz")
_RANGE: Final = Field("Range", WORD, "One range of bytes.", place="header", example="bytes=0-9")
_KNOWN: Final = Field("If-None-Match", WORD, "The version that is known.", place="header", example='"x"')
_FILE: Final[Mapping[int, Reply]] = {
    200: Reply("The archive.", _ARCHIVES),
    206: Reply("A range of it.", _ARCHIVES),
    304: Reply("It is as it was."),
    404: json_reply("There is none, or it is somebody else's job.", ERROR),
    409: json_reply("It cannot be unpacked.", ERROR),
    416: json_reply("No byte of the range is there.", ERROR),
}
_MEMBER: Final[Mapping[int, Reply]] = {
    **_FILE,
    200: Reply("The file.", {OCTETS: {}}),
    206: Reply("A range of it.", {OCTETS: {}}),
}
_NEW: Final = object_of({"checksum_algorithm": WORD, "checksum": WORD, "size": WHOLE, "format": WORD})
_WANTED: Final = object_of({"path": WORD, "lfn": WORD}, {"metadata": OBJECT, "ancestors": _WORDS})
_SANDBOX: Final = "/dirac/api/jobs/sandbox"
_PROOF: Final = (
    Field("owner", WORD, place="query", example="person:1"),
    Field("name", WORD, place="query", example="sha256-0.tar.zst"),
    Field("expires", WORD, place="query", example="4000000000"),
    Field("signature", WORD, place="query", example="0"),
)


def _by_link(method: str, summary: str, replies: Mapping[int, Reply], **more: object) -> Operation:
    return Operation(
        path=f"{_SANDBOX}/content",
        methods=(method,),
        access=Access.LINK,
        tag=TAG,
        summary=summary,
        replies={**REFUSALS, **replies},
        **more,  # type: ignore[arg-type]
    )


OPERATIONS: tuple[Operation, ...] = (
    closed(
        "/jobs/{jid}/outputsandbox",
        "GET",
        "What a job left, as one archive.",
        _FILE,
        (JID, _FORMAT, _RANGE, _KNOWN),
    ),
    closed(
        "/jobs/{jid}/outputsandbox/{member}",
        "GET",
        "One file of what a job left.",
        _MEMBER,
        (JID, Field("member", WORD, place="path", example="std.out"), _RANGE, _KNOWN),
    ),
    closed(
        "/jobs/{jid}/inputsandbox",
        "GET",
        "What came with a job, as one archive.",
        _FILE,
        (JID, _FORMAT, _RANGE, _KNOWN),
    ),
    closed(
        "/jobs/{jid}/outputdata",
        "POST",
        "Make files of the file catalogue of what a job left.",
        {
            200: json_reply("What was registered.", object_of({"Successful": OBJECT, "Failed": OBJECT})),
            413: json_reply("The body is too large.", ERROR),
            415: json_reply("The body's coding is unknown.", ERROR),
            **MISSING,
        },
        (JID,),
        {JSON: object_of({"files": {"type": "array", "items": _WANTED}})},
    ),
    closed(
        _SANDBOX,
        "POST",
        "Announce an archive that is to be uploaded.",
        {
            200: json_reply(
                "Its PFN, and where it is to be sent unless it is here.",
                object_of({"pfn": WORD}, {"url": WORD, "fields": OBJECT}),
            ),
            413: json_reply("It is too large.", ERROR),
            415: json_reply("The body's coding is unknown.", ERROR),
        },
        (),
        {JSON: _NEW},
    ),
    closed(
        _SANDBOX,
        "GET",
        "Where an archive can be fetched.",
        {
            200: json_reply("A link.", object_of({"url": WORD, "expires_in": WHOLE})),
            404: json_reply("There is no such sandbox of yours.", ERROR),
            409: json_reply("It cannot be packed.", ERROR),
        },
        (Field("pfn", WORD, place="query", example="SB:SandboxSE|/jobs/1/output"),),
    ),
    _by_link(
        "POST",
        "Send an announced archive.",
        {204: Reply("It is here."), 413: json_reply("It is too large.", ERROR)},
        fields=_PROOF,
        body={MULTIPART: OBJECT},
    ),
    _by_link("GET", "Fetch an archive.", _FILE, fields=(*_PROOF, _RANGE, _KNOWN)),
    closed(
        "/dirac/api/jobs/{jid}/sandbox",
        "GET",
        "The sandboxes of a job.",
        {200: json_reply("PFNs.", object_of({"Input": _WORDS, "Output": _WORDS})), **MISSING},
        (JID,),
    ),
    *(
        closed(
            f"/dirac/api/jobs/{{jid}}/sandbox/{which}",
            "GET",
            f"The {which} sandboxes of a job.",
            {200: json_reply("PFNs.", _WORDS), **MISSING},
            (JID,),
        )
        for which in ("input", "output")
    ),
    closed(
        "/dirac/api/config/",
        "GET",
        "What clients may know of this installation.",
        {200: json_reply("Sections.", OBJECT), 304: Reply("It is as it was.")},
        (_KNOWN,),
    ),
)

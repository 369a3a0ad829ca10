"""GET /jobs/<jid>/manifest: the effective manifest, or the one that was submitted (contract 2.4)."""

from typing import Final

from flask import Blueprint, Response, request

from libs.web.gate import needs
from libs.web.strict_json import to_json
from services.compute.dialects.dirac.errors import InvalidRequest, guarded
from services.compute.dialects.dirac.kept import kept_of
from services.compute.dialects.dirac.manifest.jdl import write_jdl
from services.compute.dialects.dirac.manifest.reading import JDL, JSON
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import flag_parameter
from services.compute.dialects.dirac.showing import owned

READ: Final = "job:read"
_TYPES: Final = {JSON: "application/json", JDL: "text/plain; charset=utf-8"}


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.get("/jobs/<int:jid>/manifest")
    @needs(READ)
    def show_manifest(jid: int) -> Response:
        language = request.args.get("format", "").lower() or None
        if language not in (None, JSON, JDL):
            raise InvalidRequest("format is `json` or `jdl`.")
        is_original = flag_parameter("original")
        job = owned(parts, jid).job
        kept = kept_of(job)
        if is_original and language in (None, kept.language):
            return _shown(kept.original(job.id), kept.language)
        document = kept.original_document(job.id) if is_original else kept.document(job.id)
        return _shown(write_jdl(document) if language == JDL else to_json(document), language or JSON)


def _shown(text: str, language: str) -> Response:
    response = Response(text, content_type=_TYPES[language])
    response.headers["X-Content-Type-Options"] = "nosniff"
    return guarded(response)

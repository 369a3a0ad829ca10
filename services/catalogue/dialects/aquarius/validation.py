"""POST assets/ddo/validate and GET validation/schema."""

from flask import Blueprint, Response, request

from libs.web.gate import public
from libs.web.params import Params
from services.catalogue.dialects.aquarius.errors import answer
from services.catalogue.dialects.aquarius.reading import body_of
from services.catalogue.domain.ddo_schema import schema_of
from services.catalogue.domain.ddo_shapes import CURRENT, VERSIONS
from services.catalogue.domain.documents import MAX_DOCUMENT_BYTES
from services.catalogue.usecases.validate import WRAPPER_BYTES, Validate, Voucher

MEDIA_TYPE = "application/octet-stream"
WRONG_TYPE = "Invalid request content type: should be application/octet-stream"


def add(room: Blueprint, validate: Validate) -> None:
    @public
    def check() -> Response:
        if request.content_type != MEDIA_TYPE:
            return answer({"error": WRONG_TYPE}, 400)
        return answer(_shown(validate(body_of(request, MAX_DOCUMENT_BYTES + WRAPPER_BYTES))), 200)

    room.add_url_rule("/assets/ddo/validate", "validate", check, methods=["POST"])
    room.add_url_rule("/validation/schema", "schema", _schema)


def _shown(voucher: Voucher) -> dict[str, object]:
    """`r` and `s` are lists of one: ocean.js reads r[0] and s[0]."""
    return {
        "hash": "0x" + voucher.hash.hex(),
        "publicKey": voucher.signer,
        "v": voucher.v,
        "r": ["0x" + voucher.r.hex()],
        "s": ["0x" + voucher.s.hex()],
    }


@public
def _schema() -> Response:
    version = Params.of_query(request).text("version") or CURRENT
    if version not in VERSIONS:
        return answer({"error": "Schema version not found."}, 404)
    return answer(schema_of(version), 200)

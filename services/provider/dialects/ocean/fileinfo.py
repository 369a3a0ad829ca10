"""`POST /api/services/fileinfo`: what can be seen of a file or of an asset's files (contract 2.7)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_form import Form, plain, read, required
from libs.web.params import NumberText, Params
from services.provider.dialects.ocean.plain import JSON, Answer, Way, json_params, outcome, whole
from services.provider.dialects.ocean.userdata import userdata
from services.provider.domain.file_types import TYPES
from services.provider.usecases.fileinfo import FileInfo, Fileinfo

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/fileinfo"
ASSET_TYPE = "asset"  # the seed's name for "look at `did`"
_DID = re.compile(r"did:op")
_REQUIRED_OF = {"url": "url", "ipfs": "hash", "arweave": "transactionId", "lfn": "share"}
_FILE_OBJECT = (
    "type", "url", "method", "headers", "hash", "transactionId", "query", "address", "chainId", "abi",
    "lfn", "share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """`file_object` where no `did` is given."""

    did: str | None
    service_id: str
    file_object: Mapping[str, object]
    userdata: object
    with_checksum: bool


def add(room: Blueprint, fileinfo: Fileinfo) -> None:
    @room.post(PATH)
    @public
    def file_info() -> Response:
        return _answer(outcome(lambda: _found(fileinfo, _asked_for(read())))).response()


def way(fileinfo: Fileinfo) -> Way[_Asked, list[FileInfo]]:
    return Way("POST", _plain, lambda asked: _found(fileinfo, asked), _answer)


def _plain(environ: "WSGIEnvironment") -> _Asked | None:
    params = json_params(environ)
    return None if params is None else _asked_for(params)


def _asked_for(params: Params) -> _Asked:
    """Raises FieldErrors."""
    form = Form(params)
    did = form.take("did", _is_did)
    service_id = form.take("serviceId")
    kind = form.take("type", _is_type)
    _require(form, did, service_id, kind)
    form.done()
    file_object = _file_object(params) if did is None else {}
    return _Asked(did, service_id or "", file_object, userdata(params), _is_truthy(params))


def _found(fileinfo: Fileinfo, asked: _Asked) -> list[FileInfo]:
    if asked.did is not None:
        return fileinfo.of_asset(asked.did, asked.service_id, asked.userdata, asked.with_checksum)
    return fileinfo.of_file_object(asked.file_object, asked.userdata, asked.with_checksum)


def _answer(found: list[FileInfo]) -> Answer:
    return whole(json.dumps([_view(info) for info in found], separators=(",", ":")).encode(), JSON)


def _require(form: Form, did: str | None, service_id: str | None, kind: str | None) -> None:
    if did is None and (kind is None or kind == ASSET_TYPE):
        form.refuse("did", required("did") if kind else "The did field is required when type is not present.")
        if kind is None:
            form.refuse("type", "The type field is required when did is not present.")
    if service_id is None and (kind is None or did is not None or kind == ASSET_TYPE):
        form.refuse("serviceId", "The serviceId field is required when type is not present.")
    field = _REQUIRED_OF.get(kind or "") if did is None else None
    if field is not None and not form.params.has(field):
        form.refuse(field, f"The {field} field is required when type is {kind}.")


def _is_did(field: str, value: str) -> str | None:
    return None if _DID.match(value) else f"The {field} format is invalid."


def _is_type(field: str, value: str) -> str | None:
    return None if value in (*TYPES, ASSET_TYPE) else f"The selected {field} is invalid."


def _file_object(params: Params) -> dict[str, object]:
    """Only what file objects are made of; the values are the domain's to judge."""
    return {name: plain(params.value(name)) for name in _FILE_OBJECT if params.value(name) is not None}


def _is_truthy(params: Params) -> bool:
    """`true`, `1`, `"true"`; also any other text, as upstream: only clear denials count as no."""
    value = params.value("checksum")
    if isinstance(value, NumberText):
        return value.strip("-0.") != ""
    if isinstance(value, str):
        return value.lower() not in ("", "false", "0", "none", "null")
    return bool(value)


def _view(info: FileInfo) -> Mapping[str, object]:
    details = info.details
    view: dict[str, object] = {"index": info.index, "type": info.type, "valid": details.valid}
    if not details.valid:
        return view
    view |= {"contentLength": details.content_length, "contentType": details.content_type}
    if details.filename is not None:
        view["filename"] = "" if info.type == "arweave" else details.filename
    if details.checksum is not None:
        view |= {"checksum": details.checksum, "checksumType": "sha256"}
    return view

"""POST /jobs/<jid>/outputdata: kept outputs of a job become files of the file catalogue, in one step with
their metadata and what they were made from.

{"files": [{"path", "lfn", "metadata"?, "ancestors"?}]} -> {"Successful": {lfn: true}, "Failed": {lfn: why}}
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from libs.web.gate import needs
from libs.web.json_bodies import read_json_object
from libs.web.params import BadParams
from libs.web.strict_json import plain
from services.compute.dialects.dirac.errors import Forbidden, answer
from services.compute.dialects.dirac.manifest.files import LFN
from services.compute.dialects.dirac.parts import DiracParts
from services.compute.dialects.dirac.requests import caller
from services.compute.dialects.dirac.showing import owned
from services.compute.domain.lfns import FileActor
from services.compute.usecases.registering import Wanted

SCOPES: Final = ("job:read", "file:write")
MAX_FILES: Final = 1000
MAX_BODY: Final = 4 << 20
NO_VO: Final = (
    "This credential stands for no virtual organisation: ask for a token for one of your groups "
    "(/oauth2/token with `group`)."
)


def add(room: Blueprint, parts: DiracParts) -> None:
    @room.post("/jobs/<int:jid>/outputdata")
    @needs(*SCOPES)
    def register_outputs(jid: int) -> Response:
        job = owned(parts, jid).job
        told = parts.register(job, _wanted(), file_actor())
        failed = {lfn: why for lfn, why in told.items() if why is not None}
        return answer({"Successful": dict.fromkeys(told.keys() - failed.keys(), True), "Failed": failed})


def file_actor() -> FileActor:
    """The caller, as the catalogue knows people. Raises Forbidden."""
    principal = caller()
    group = principal.group or next(iter(principal.groups), None)
    if principal.vo is None or group is None:
        raise Forbidden(NO_VO)
    groups = (principal.group,) if principal.group else principal.groups
    return FileActor(name=principal.name, group=group, groups=groups, vo=principal.vo)


def _wanted() -> list[Wanted]:
    """Raises BadParams."""
    files = plain(read_json_object(request, MAX_BODY).get("files"))
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        raise BadParams("files", f"files must be a list of 1 to {MAX_FILES} objects with path and lfn.")
    found = [_one(number, each) for number, each in enumerate(files)]
    if len({each.lfn for each in found}) != len(found):
        raise BadParams("files", "Each lfn may be named once.")
    return found


def _one(number: int, each: Any) -> Wanted:
    if not isinstance(each, Mapping):
        raise BadParams("files", f"files[{number}] must be an object with path and lfn.")
    path, lfn = each.get("path"), each.get("lfn")
    if not (isinstance(path, str) and path and isinstance(lfn, str) and lfn):
        raise BadParams("files", f"files[{number}] needs path and lfn, both texts.")
    metadata, ancestors = each.get("metadata", {}), each.get("ancestors", [])
    if not isinstance(metadata, Mapping):
        raise BadParams("files", f"files[{number}].metadata must be an object of values by field.")
    if not isinstance(ancestors, list) or not all(isinstance(parent, str) for parent in ancestors):
        raise BadParams("files", f"files[{number}].ancestors must be a list of LFNs.")
    parents = tuple(parent.removeprefix(LFN) for parent in ancestors)
    return Wanted(path=path, lfn=lfn.removeprefix(LFN), metadata=dict(metadata), ancestors=parents)

"""Who asks routes that are everybody's, and single jobs as they may see them."""

import json
from typing import Final

from flask import Response

from libs.web.principal import Principal
from services.compute.dialects.openpai import lookup
from services.compute.dialects.openpai.addresses import base_of
from services.compute.dialects.openpai.errors import NoJob
from services.compute.dialects.openpai.facts import DIALECT
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.showing import Showing, View
from services.compute.dialects.openpai.window import is_signed, maybe_caller

READ: Final = "job:read"


def who(parts: OpenPaiParts) -> tuple[Principal | None, Response | None]:
    """The second is there when nobody may see anything without a token that counts."""
    if parts.is_open and not is_signed():
        return None, None
    principal, refused = maybe_caller(READ)
    return principal, None if parts.is_open else refused


def shown_status(parts: OpenPaiParts, showing: Showing, scope: str, name: str, view: View) -> Response:
    """Raises NoJob; whoever sent a token that does not count is told so instead."""
    principal: Principal | None = None
    refused: Response | None = None
    if is_signed() or not parts.is_open:
        principal, refused = maybe_caller(READ)
    if refused is not None and not parts.is_open:
        return refused
    if principal is None:
        try:
            return _json(showing.status(scope, name, base_of(parts), view))
        except NoJob:
            if refused is not None:
                return refused
            raise
    job = lookup.found(parts, scope, name, principal)
    may_act = lookup.may_act(job, principal)
    username = "" if job.dialect == DIALECT else principal.name
    shown = showing.whole(job, username, base_of(parts), has_logs=may_act)
    return _json(json.dumps(view(shown), separators=(",", ":")).encode())


def _json(body: bytes) -> Response:
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response

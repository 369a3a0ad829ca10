"""An installation without a file catalogue: whoever asks is told so."""

from flask import Blueprint, Response

from libs.web.gate import needs
from services.catalogue.dialects.dirac.errors import refusal

NOT_ENABLED = "This installation has no file catalogue."


def add(room: Blueprint) -> None:
    room.add_url_rule("/<path:rest>", "rest", _not_enabled, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])


@needs()
def _not_enabled(rest: str) -> Response:
    return refusal(404, "not_found", NOT_ENABLED)

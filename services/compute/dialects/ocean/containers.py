"""`POST /api/services/validateContainer` (contract 2.14): the body comes back, or the reason does."""

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_form import read
from libs.web.ocean_shapes import refusal
from libs.web.params import DEFAULT_LIMITS, to_json
from services.compute.domain.containers import ContainerRefused, check_container


def add(room: Blueprint) -> None:
    room.add_url_rule("/api/services/validateContainer", "validateContainer", _validate, methods=["POST"])


@public
def _validate() -> Response:
    section = dict(read(DEFAULT_LIMITS))
    try:
        check_container(section)
    except ContainerRefused as error:
        return refusal(error.code)
    return Response(to_json(section), 200, mimetype="application/json")

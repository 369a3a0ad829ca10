"""`POST /api/services/validateContainer` (contract 2.14): the body comes back, or the reason does."""

from flask import Blueprint, Response, request

from libs.web.gate import public
from libs.web.params import BadParams, Params, TooLarge, to_json
from services.compute.dialects.ocean.errors import edge_error, refusal, validation_error
from services.compute.domain.containers import ContainerRefused, check_container


def add(room: Blueprint) -> None:
    room.add_url_rule("/api/services/validateContainer", "validateContainer", _validate, methods=["POST"])


@public
def _validate() -> Response:
    try:
        section = dict(Params.of(request))
        check_container(section)
    except TooLarge as error:
        return edge_error(error.message, 413)
    except BadParams as error:
        return validation_error(error.field, error.message)
    except ContainerRefused as error:
        return refusal(error.code)
    return Response(to_json(section), 200, mimetype="application/json")

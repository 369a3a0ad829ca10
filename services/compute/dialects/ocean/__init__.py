"""The Ocean room: the compute part of the provider's HTTP API as unmodified dApp clients know it."""

from flask import Blueprint, Flask

from services.compute.dialects.ocean import (
    compute,
    containers,
    environments,
    errors,
    initialize,
    results,
    switched_off,
)
from services.compute.dialects.ocean.parts import OceanParts


def mount(app: Flask, parts: OceanParts | None = None) -> None:
    """Without parts, because no environments are configured, the compute routes say so."""
    room = Blueprint("ocean", __name__)
    for root in errors.ROOTS:
        room.register_error_handler(root, errors.render)
    containers.add(room)
    if parts is None:
        switched_off.add(room)
    else:
        for part in (compute, results, environments, initialize):
            part.add(room, parts)
    app.register_blueprint(room)

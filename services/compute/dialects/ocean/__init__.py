"""The Ocean room: the compute part of the provider's HTTP API as unmodified dApp clients know it."""

from flask import Blueprint, Flask

from services.compute.dialects.ocean import compute, containers


def mount(app: Flask) -> None:
    room = Blueprint("ocean", __name__)
    compute.add(room)
    containers.add(room)
    app.register_blueprint(room)

"""The Aquarius room: the metadata cache's HTTP API as unmodified dApp clients know it (contract 2.1)."""

from flask import Blueprint, Flask

from libs.sql.errors import DatabaseUnavailable
from libs.web.params import BadParams
from services.catalogue.dialects.aquarius import assets, discovery, errors, search, states, validation
from services.catalogue.dialects.aquarius.revalidation import Revalidation
from services.catalogue.domain.errors import CatalogueError
from services.catalogue.usecases.registry import UseCases

PREFIX = "/api/aquarius"


def mount(app: Flask, usecases: UseCases, public_url: str) -> None:
    room = Blueprint("aquarius", __name__, url_prefix=PREFIX)
    for root in (CatalogueError, BadParams, DatabaseUnavailable):
        room.register_error_handler(root, errors.render)
    assets.add(room, usecases)
    search.add(room, usecases.search)
    validation.add(room, usecases.validate)
    states.add(room, usecases)
    discovery.add(room, public_url)
    app.register_blueprint(room)
    discovery.add_root(app)
    app.wsgi_app = Revalidation(app.wsgi_app, usecases.assets)  # type: ignore[method-assign]

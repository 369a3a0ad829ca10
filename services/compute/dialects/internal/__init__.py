"""What the other services ask of compute. Closed at the gateway; every route wants a service token.

GET /internal/environments -> 200 [{"id", "consumer_address", "price_per_minute", "fee_token",
                                    "max_job_seconds", "chain_ids"}, ...]
GET /internal/files/<guid> -> 200 | 206  the bytes of a file of the file catalogue
"""

from flask import Blueprint, Flask, Response, jsonify

from libs.web.service_tokens import ServiceTokenVerifier, requires_service
from services.compute.dialects.internal import files
from services.compute.dialects.internal.files import Shelf
from services.compute.domain.environments import EnvironmentBook


def mount(
    app: Flask, book: EnvironmentBook, verifier: ServiceTokenVerifier, shelf: Shelf | None = None
) -> None:
    """Without `shelf` no files are kept here."""
    verifier.install(app)
    room = Blueprint("internal", __name__, url_prefix="/internal")

    @room.get("/environments")
    @requires_service("provider")
    def environments() -> Response:
        return jsonify([environment.facts() for environment in book.all()])

    if shelf is not None:
        files.add(room, shelf)
    app.register_blueprint(room)

"""What the other services ask of compute. Closed at the gateway; every route wants a service token.

GET /internal/environments -> 200 [{"id", "consumer_address", "price_per_minute", "fee_token",
                                    "max_job_seconds", "chain_ids"}, ...]
"""

from flask import Blueprint, Flask, Response, jsonify

from libs.web.service_tokens import ServiceTokenVerifier, requires_service
from services.compute.domain.environments import EnvironmentBook


def mount(app: Flask, book: EnvironmentBook, verifier: ServiceTokenVerifier) -> None:
    verifier.install(app)
    room = Blueprint("internal", __name__, url_prefix="/internal")

    @room.get("/environments")
    @requires_service("provider")
    def environments() -> Response:
        return jsonify([environment.facts() for environment in book.all()])

    app.register_blueprint(room)

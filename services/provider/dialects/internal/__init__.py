"""What the other services ask of the provider. Closed at the gateway; every route wants a service token."""

from flask import Blueprint, Flask

from libs.chain.errors import ChainError
from libs.web.service_tokens import ServiceTokenVerifier
from services.provider.dialects.internal import compute, errors, nonces, signatures
from services.provider.domain.errors import ProviderError
from services.provider.usecases.registry import UseCases


def mount(app: Flask, usecases: UseCases, verifier: ServiceTokenVerifier) -> None:
    verifier.install(app)
    room = Blueprint("internal", __name__, url_prefix="/internal")
    for root in (ProviderError, ChainError):
        room.register_error_handler(root, errors.render)
    nonces.add(room, usecases.nonces)
    signatures.add(room, usecases.authenticate, usecases.addresses, usecases.fee_tokens)
    compute.add(room, usecases)
    app.register_blueprint(room)
    app.wsgi_app = nonces.ConsumeFirst(app.wsgi_app, usecases.nonces, verifier)  # type: ignore[method-assign]

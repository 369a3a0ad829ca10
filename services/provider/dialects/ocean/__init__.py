"""The Ocean room: the provider's HTTP API as unmodified dApp clients know it."""

from typing import Any

from flask import Blueprint, Flask

from libs.chain.errors import ChainError
from libs.web.ocean_shapes import FieldErrors, RequestTooLarge
from services.provider.dialects.ocean import (
    decrypt,
    discovery,
    download,
    encrypt,
    errors,
    fileinfo,
    initialize,
    nonce,
    spec,
)
from services.provider.dialects.ocean.plain import PlainWays, Way
from services.provider.domain.errors import ProviderError
from services.provider.settings import Settings
from services.provider.usecases.registry import UseCases


def mount(app: Flask, usecases: UseCases, settings: Settings) -> None:
    room = Blueprint("ocean", __name__)
    for root in (ProviderError, ChainError, FieldErrors, RequestTooLarge):
        room.register_error_handler(root, errors.render)
    discovery.add(room, usecases.addresses)
    spec.add(room, settings.public_urls)
    nonce.add(room, usecases.nonces)
    encrypt.add(room, usecases.encrypt, settings.max_encrypt_bytes)
    decrypt.add(room, usecases.decrypt)
    fileinfo.add(room, usecases.fileinfo)
    initialize.add(room, usecases.initialize)
    download.add(room, usecases.download)
    app.register_blueprint(room)
    ways: dict[str, Way[Any, Any]] = {
        nonce.PATH: nonce.way(usecases.nonces),
        encrypt.PATH: encrypt.way(usecases.encrypt, settings.max_encrypt_bytes),
        decrypt.PATH: decrypt.way(usecases.decrypt),
        fileinfo.PATH: fileinfo.way(usecases.fileinfo),
        initialize.PATH: initialize.way(usecases.initialize),
        download.PATH: download.way(usecases.download),
    }
    app.wsgi_app = PlainWays(app.wsgi_app, ways)  # type: ignore[method-assign]

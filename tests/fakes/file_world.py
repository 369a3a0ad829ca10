"""Fileinfo over fakes, with its route: an asset with chosen files, origins with scripted answers."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask
from flask.testing import FlaskClient

from libs.web import edge, ocean_shapes
from services.provider.adapters.keys import ProviderKeys
from services.provider.dialects.ocean import errors, fileinfo
from services.provider.domain.errors import ProviderError
from services.provider.domain.file_types import Gateways
from services.provider.domain.origins import ContractCall, ContractReadFailed
from services.provider.usecases.fileinfo import Fileinfo
from services.provider.usecases.probe import Probe
from services.provider.usecases.service_files import ServiceFiles
from tests.fakes.access import FakeAssets, files_blob
from tests.fakes.ddos import DID, ddo, service
from tests.fakes.origins import FakeOrigins
from tests.fakes.receipts import PROVIDER_KEY

MAX_CHECKSUM_BYTES = 1000


class ScriptedContracts:
    """Answers every call with `answer`, or fails when it is None; remembers the calls."""

    def __init__(self) -> None:
        self.answer: bytes | None = b'"42"'
        self.calls: list[ContractCall] = []

    def read(self, call: ContractCall) -> bytes:
        self.calls.append(call)
        if self.answer is None:
            raise ContractReadFailed("reverted")
        return self.answer


class FileWorld:
    def __init__(self, *, caller_headers: bool = False) -> None:
        self.origins = FakeOrigins()
        self.contracts = ScriptedContracts()
        self.assets = FakeAssets()
        probe = Probe(self.origins, self.contracts, max_checksum_bytes=MAX_CHECKSUM_BYTES)
        gateways = Gateways("https://ipfs.test", "https://arweave.test")
        files = ServiceFiles(ProviderKeys(plain=PROVIDER_KEY), gateways)
        self.fileinfo = Fileinfo(self.assets, files, probe, gateways, caller_headers=caller_headers)

    def publish(self, *files: Mapping[str, Any], **changes: Any) -> str:
        """The DID of an asset whose service `svc-0` has these files."""
        self.assets.documents[DID] = ddo(services=[service(**{"files": files_blob(*files), **changes})])
        return DID

    def client(self) -> FlaskClient:
        app = Flask(__name__)
        room = Blueprint("ocean", __name__)
        for root in (ProviderError, ocean_shapes.FieldErrors, ocean_shapes.RequestTooLarge):
            room.register_error_handler(root, errors.render)
        fileinfo.add(room, self.fileinfo)
        app.register_blueprint(room)
        edge.install(app, "provider", checks={}, render_error=ocean_shapes.render_edge)
        return app.test_client()

"""Every service's app over fakes, each with the whole table of its operations."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from flask import Flask

from libs.signing.keys import PrivateKey
from libs.web.settings import Secret
from services.auth.app import create_app as auth_app
from services.catalogue.app import create_app as catalogue_app
from services.catalogue.settings import FileSettings
from services.catalogue.settings import Settings as CatalogueSettings
from services.catalogue.wiring import build as build_catalogue
from services.compute.adapters.files_local import LocalFiles
from services.compute.app import create_app as compute_app
from services.compute.deps import Deps as ComputeDeps
from services.compute.dialects.internal.files import Shelf
from tests.fakes.auth_world import World
from tests.fakes.compute import SETTINGS as COMPUTE_SETTINGS
from tests.fakes.compute_dcp import Room as DcpRoom
from tests.fakes.compute_dirac import Dirac
from tests.fakes.compute_ocean import OceanRoom
from tests.fakes.compute_openpai import OpenPai
from tests.fakes.compute_prominence import Prominence
from tests.fakes.compute_room import Room
from tests.fakes.compute_side import MemoryObjectBook
from tests.fakes.provider_app import FakeServiceTokens, Provider


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Flask]]:
    folder = tmp_path_factory.mktemp("openapi")
    settings = CatalogueSettings(
        database_url=Secret(f"sqlite:///{folder}/catalogue.db"),
        key=PrivateKey("0x" + "42" * 32),
        public_url="/",
        log_level="INFO",
        files=FileSettings(
            database_url=Secret(f"sqlite:///{folder}/files.db"), own_se="TIDEGATE", global_read=True
        ),
    )
    catalogue = build_catalogue(settings)
    yield {
        "auth": auth_app(World().deps()),
        "provider": Provider().app,
        "catalogue": catalogue_app(settings, replace(catalogue, verifier=FakeServiceTokens())),
        "compute": compute_app(
            COMPUTE_SETTINGS,
            ComputeDeps(
                native=Room(tmp_path_factory.mktemp("native")).parts,
                ocean=OceanRoom(tmp_path_factory.mktemp("ocean")).parts,
                dirac=Dirac(tmp_path_factory.mktemp("dirac")).parts,
                prominence=Prominence(tmp_path_factory.mktemp("prominence")).parts,
                dcp=DcpRoom().parts,
                openpai=OpenPai(tmp_path_factory.mktemp("openpai")).parts,
                shelf=Shelf(MemoryObjectBook(), LocalFiles(tmp_path_factory.mktemp("shelf"))),
                verifier=FakeServiceTokens(),
            ),
        ),
    }
    catalogue.close()

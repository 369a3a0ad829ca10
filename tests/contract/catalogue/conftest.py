"""The same API over SQLite and over a real PostgreSQL; reading tests share one small market per database."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.signing.keys import PrivateKey
from libs.sql.engine import Database
from libs.web.settings import Secret
from services.catalogue.adapters import store_sql
from services.catalogue.adapters.store_sql.index import SqlIndex
from services.catalogue.app import create_app
from services.catalogue.domain.facts import AssetRecord
from services.catalogue.settings import Settings
from services.catalogue.wiring import build
from tests.fakes.catalogue_assets import market
from tests.migrated import upgrade

MIGRATIONS = Path(store_sql.__file__).parent / "migrations"
PREFIX = "/api/aquarius"
KEY = PrivateKey("0x" + "42" * 32)
Ask = Callable[[Mapping[str, Any]], dict[str, Any]]


def open_client(database_url: str) -> Iterator[FlaskClient]:
    settings = Settings(
        database_url=Secret(database_url), key=KEY, public_url="http://market.test", log_level="INFO"
    )
    database = Database.open(database_url)
    upgrade(database.engine, MIGRATIONS)
    database.dispose()
    deps = build(settings)
    yield create_app(settings, deps).test_client()
    deps.close()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def market_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('market')}/market.db"
    url: str = request.getfixturevalue("postgres_server").new_database()
    return url


@pytest.fixture(scope="session")
def filled(market_url: str) -> Iterator[FlaskClient]:
    """The API over the market. For tests that only read."""
    for client in open_client(market_url):
        database = Database.open(market_url)
        with SqlIndex(database).unit() as unit:
            for asset in market().values():
                unit.put_asset(asset)
        database.dispose()
        yield client


@pytest.fixture
def assets() -> dict[str, AssetRecord]:
    return market()


@pytest.fixture
def client(database_url: str) -> Iterator[FlaskClient]:
    """The API over an empty database of its own."""
    yield from open_client(database_url)


@pytest.fixture
def index(client: FlaskClient, database_url: str) -> Iterator[SqlIndex]:
    """The writing side of `client`'s database, whose schema is there by now."""
    database = Database.open(database_url)
    yield SqlIndex(database)
    database.dispose()


@pytest.fixture
def ask(filled: FlaskClient) -> Ask:
    def post(query: Mapping[str, Any]) -> dict[str, Any]:
        response = filled.post(f"{PREFIX}/assets/query", data=json.dumps(query))
        assert response.status_code == 200, response.get_data(as_text=True)
        body: dict[str, Any] = response.get_json()
        return body

    return post


@pytest.fixture
def found(ask: Ask, assets: dict[str, AssetRecord]) -> Callable[[Mapping[str, Any]], list[str]]:
    """Nicknames of what a whole search body finds, in its order."""
    names = {asset.did: name for name, asset in assets.items()}

    def search(body: Mapping[str, Any]) -> list[str]:
        return [names[hit["_id"]] for hit in ask(body)["hits"]["hits"]]

    return search

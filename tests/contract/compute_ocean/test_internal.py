"""What the provider asks of compute: the environments whose orders it checks."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from libs.web.gate import Gate, install_gate
from services.compute.dialects import internal
from services.compute.domain.environments import EnvironmentBook
from tests.fakes.compute_ocean import CONSUMER, FREE, PRICED
from tests.fakes.provider_app import FakeServiceTokens

PATH = "/internal/environments"


class Services(FakeServiceTokens):
    """The provider among them."""

    def service(self, authorization: str | None) -> str:
        return "provider" if authorization == "Bearer provider" else super().service(authorization)


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    internal.mount(app, EnvironmentBook([FREE, PRICED]), Services())  # type: ignore[arg-type]
    install_gate(app, Gate())
    return app.test_client()


def test_the_provider_learns_prices_and_consumers_and_nothing_of_the_machine(client: FlaskClient) -> None:
    answer = client.get(PATH, headers={"Authorization": "Bearer provider"})
    assert answer.get_json() == [
        {
            "id": "ocean-compute",
            "consumer_address": CONSUMER,
            "price_per_minute": "0",
            "fee_token": None,
            "max_job_seconds": 3600,
            "chain_ids": [],
        },
        {
            "id": "env2",
            "consumer_address": "0x" + "0" * 40,
            "price_per_minute": "0.1",
            "fee_token": None,
            "max_job_seconds": 600,
            "chain_ids": [8996],
        },
    ]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(None, 401), ("Bearer x", 401), ("Bearer compute", 403), ("Bearer auth", 403)],
)
def test_nobody_else_is_told(client: FlaskClient, authorization: str | None, status: int) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert client.get(PATH, headers=headers).status_code == status

"""`GET /`: the exact document clients read before every call. Source: contract section 1."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from libs.chain.errors import RpcUnavailable
from libs.signing.keys import PrivateKey
from services.provider.adapters.keys import ProviderKeys
from tests.fakes.provider import PROVIDER_ADDRESS, PROVIDER_KEY, FakeChain
from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 1")

OTHER_KEY = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
UPSTREAM_ENDPOINTS = json.loads(
    """{"nonce":["GET","/api/services/nonce"],"encrypt":["POST","/api/services/encrypt"],
  "decrypt":["POST","/api/services/decrypt"],"fileinfo":["POST","/api/services/fileinfo"],
  "initialize":["GET","/api/services/initialize"],"initializeCompute":["POST","/api/services/initializeCompute"],
  "download":["GET","/api/services/download"],"computeStart":["POST","/api/services/compute"],
  "computeStatus":["GET","/api/services/compute"],"computeStop":["PUT","/api/services/compute"],
  "computeDelete":["DELETE","/api/services/compute"],"computeResult":["GET","/api/services/computeResult"],
  "computeEnvironments":["GET","/api/services/computeEnvironments"],
  "validateContainer":["POST","/api/services/validateContainer"],
  "create_auth_token":["GET","/api/services/createAuthToken"],
  "delete_auth_token":["DELETE","/api/services/deleteAuthToken"]}"""
)


def root(provider: Provider) -> dict[str, Any]:
    answer = provider.client().get("/")
    assert answer.status_code == 200
    return json.loads(answer.data)


def test_document_is_upstreams_with_singular_forms_and_aliases(provider: Provider) -> None:
    body = root(provider)
    version = body.pop("version")
    assert body == {
        "chainIds": [8996],
        "providerAddresses": {"8996": PROVIDER_ADDRESS},
        "chainId": 8996,
        "providerAddress": PROVIDER_ADDRESS,
        "serviceEndpoints": {
            **UPSTREAM_ENDPOINTS,
            "createAuthToken": ["GET", "/api/services/createAuthToken"],
            "deleteAuthToken": ["DELETE", "/api/services/deleteAuthToken"],
        },
        "software": "Provider",
    }
    assert [part.isdigit() for part in version.split("+")[0].split(".")] == [True] * 3


def test_every_endpoint_is_exactly_a_method_and_a_path(provider: Provider) -> None:
    for where in root(provider)["serviceEndpoints"].values():
        method, path = where
        assert method in ("GET", "POST", "PUT", "DELETE")
        assert path.startswith("/api/services/")


def test_chains_that_share_a_key_keep_the_singular_forms() -> None:
    body = root(Provider(more_chains=[FakeChain(chain_id=1)]))
    assert body["chainIds"] == [8996, 1]
    assert body["providerAddresses"] == {"8996": PROVIDER_ADDRESS, "1": PROVIDER_ADDRESS}
    assert (body["chainId"], body["providerAddress"]) == (8996, PROVIDER_ADDRESS)


def test_chains_with_keys_of_their_own_show_no_singular_address() -> None:
    keys = ProviderKeys(by_chain={8996: PrivateKey(PROVIDER_KEY), 1: OTHER_KEY})
    body = root(Provider(keys=keys, more_chains=[FakeChain(chain_id=1)]))
    assert body["providerAddresses"] == {"8996": PROVIDER_ADDRESS, "1": OTHER_KEY.address}
    assert "providerAddress" not in body
    assert "chainId" not in body


def test_no_chain_is_asked(provider: Provider) -> None:
    provider.chain.error = RpcUnavailable("down")
    assert root(provider)["chainIds"] == [8996]


def test_document_is_cacheable_and_revalidates(provider: Provider) -> None:
    client = provider.client()
    first = client.get("/")
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    etag = first.headers["ETag"]
    for offered in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get("/", headers={"If-None-Match": offered})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_etag_changes_with_the_document(provider: Provider) -> None:
    other = Provider(more_chains=[FakeChain(chain_id=1)])
    assert provider.client().get("/").headers["ETag"] != other.client().get("/").headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405_in_json(provider: Provider, method: str) -> None:
    answer = provider.client().open("/", method=method)
    assert answer.status_code == 405
    assert list(json.loads(answer.data)) == ["error", "context"]


def test_version_is_the_projects_own(provider: Provider) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert root(provider)["version"] == project["version"]

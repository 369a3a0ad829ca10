"""The API descriptions: committed as the code gives them, valid, and served as they are committed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from flask import Flask

from libs.openapi import ocean
from libs.openapi.document import About, Operation, Reply, document
from scripts.openapi.documents import FOLDER, SERVICES, documents, text
from services.provider.dialects.ocean.discovery import SERVICE_ENDPOINTS
from tests.fakes.provider_app import Provider

DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_description_is_the_codes(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text() == text(DOCUMENTS[name]), "run `make openapi`"


def test_no_description_of_something_gone_is_committed() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_description_is_valid_openapi(name: str) -> None:
    schemathesis.openapi.from_dict(DOCUMENTS[name]).validate()


def refs(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(refs(item) for item in value.values()))
    return set().union(*(refs(item) for item in value)) if isinstance(value, list | tuple) else set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_reference_leads_to_a_schema(name: str) -> None:
    known = {f"#/components/schemas/{schema}" for schema in DOCUMENTS[name]["components"]["schemas"]}
    assert refs(DOCUMENTS[name]) <= known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_operation_ids_are_unique(name: str) -> None:
    ids = [entry["operationId"] for item in DOCUMENTS[name]["paths"].values() for entry in item.values()]
    assert len(ids) == len(set(ids))


def test_the_provider_serves_the_ocean_description_under_its_public_url() -> None:
    app = Provider(variables={"PUBLIC_URL": "https://market.test,https://other.test"}).app
    answer = app.test_client().get("/spec")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_json() == {**DOCUMENTS["ocean"], "servers": [{"url": "https://market.test"}]}


def test_the_catalogue_serves_its_description(apps: Mapping[str, Flask]) -> None:
    answer = apps["catalogue"].test_client().get("/api/aquarius/spec")
    assert answer.get_json() == json.loads(json.dumps(DOCUMENTS["aquarius"]))


def test_every_endpoint_that_discovery_names_is_described() -> None:
    paths = DOCUMENTS["ocean"]["paths"]
    assert [
        name for name, (method, path) in SERVICE_ENDPOINTS.items() if method.lower() not in paths[path]
    ] == []


def test_public_descriptions_hold_nothing_internal() -> None:
    for name in ("ocean", "aquarius"):
        assert [path for path in DOCUMENTS[name]["paths"] if path.startswith(("/internal", "/metrics"))] == []


@pytest.mark.parametrize("service", ["auth", "compute"])
def test_the_ocean_routes_of_other_services_are_in_the_public_description(service: str) -> None:
    # /api/v1 is PROMINENCE's and OpenPAI's.
    own = {
        entry.path for entry in SERVICES[service] if entry.path.startswith(("/api/services/", "/api/compute"))
    }
    assert own
    assert own <= set(DOCUMENTS["ocean"]["paths"])


def test_an_operation_that_is_described_twice_is_a_mistake() -> None:
    twice = Operation(path="/a", methods=("GET",), summary="", replies={200: Reply("")})
    about = About(title="t", version="1", description="")
    with pytest.raises(ValueError, match="GET /a is described twice"):
        document(about, [twice, twice], ocean.SCHEMAS)

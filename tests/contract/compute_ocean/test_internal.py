"""What other services ask of compute: environments whose orders are checked, bytes of catalogued files."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from libs.web.gate import Gate, install_gate
from services.compute.adapters.files_local import LocalFiles
from services.compute.dialects import internal
from services.compute.dialects.internal.files import Shelf
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.layout import stored_object
from services.compute.domain.lfns import address_of
from services.compute.domain.objects import StoredObject
from tests.fakes.compute_ocean import CONSUMER, FREE, PRICED
from tests.fakes.compute_side import MemoryObjectBook
from tests.fakes.provider_app import FakeServiceTokens

PATH = "/internal/environments"
GUID, CONTENT = "01234567-89ab-5def-8123-456789abcdef", b"0123456789" * 1000
CATALOGUE = {"Authorization": "Bearer catalogue"}


class Services(FakeServiceTokens):
    """Provider and catalogue among them."""

    def service(self, authorization: str | None) -> str:
        known = {"Bearer provider": "provider", "Bearer catalogue": "catalogue"}
        return known.get(authorization or "") or super().service(authorization)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """With one file."""
    shelf = Shelf(MemoryObjectBook(), LocalFiles(tmp_path))
    shelf.files.put(stored_object("b" * 32), [CONTENT])
    stored = StoredObject(
        address=address_of(GUID), blob="b" * 32, size=len(CONTENT), sha256="c" * 64, modified_at=0
    )
    shelf.book.put(stored, "person:1")
    return shelf


@pytest.fixture
def client(shelf: Shelf) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    internal.mount(app, EnvironmentBook([FREE, PRICED]), Services(), shelf)  # type: ignore[arg-type]
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


def test_the_catalogue_reads_a_file_whole_in_part_and_not_again(client: FlaskClient) -> None:
    path = f"/internal/files/{GUID}"
    whole = client.get(path, headers=CATALOGUE)
    assert (whole.status_code, whole.data, whole.headers["ETag"]) == (200, CONTENT, f'"{"c" * 64}"')
    part = client.get(path, headers={**CATALOGUE, "Range": "bytes=3-7"})
    assert (part.status_code, part.data, part.headers["Content-Range"]) == (206, b"34567", "bytes 3-7/10000")
    known = client.get(path, headers={**CATALOGUE, "If-None-Match": f'"{"c" * 64}"'})
    assert (known.status_code, known.data) == (304, b"")
    late = client.get(path, headers={**CATALOGUE, "Range": "bytes=10000-"})
    assert (late.status_code, late.headers["Content-Range"]) == (416, "bytes */10000")


@pytest.mark.parametrize(
    "guid", ["0" * 32, "01234567-89ab-5def-8123-456789abcdee", "x", "..", "%2e%2e", "a" * 9999]
)
def test_no_other_file_is_there(client: FlaskClient, guid: str) -> None:
    assert client.get(f"/internal/files/{guid}", headers=CATALOGUE).status_code == 404


@pytest.mark.parametrize(("authorization", "status"), [(None, 401), ("Bearer provider", 403)])
def test_bytes_are_the_catalogues_alone(client: FlaskClient, authorization: str | None, status: int) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.get(f"/internal/files/{GUID}", headers=headers)
    assert (answer.status_code, CONTENT[:5] in answer.data) == (status, False)


def test_a_file_that_was_kept_anew_just_now_is_read_from_its_new_place(
    client: FlaskClient, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shelf.book.find(address_of(GUID))
    shelf.files.put(stored_object("d" * 32), [CONTENT])
    shelf.book.put(replace(before, blob="d" * 32), "person:1")
    shelf.files.remove(stored_object(before.blob))
    found = iter([before])
    find = shelf.book.find
    monkeypatch.setattr(shelf.book, "find", lambda address: next(found, None) or find(address))
    assert client.get(f"/internal/files/{GUID}", headers=CATALOGUE).data == CONTENT

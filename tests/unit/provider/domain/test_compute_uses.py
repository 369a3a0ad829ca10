"""Uses of assets in a job: what has to be named, and in whose words it is refused."""

from dataclasses import replace
from typing import Any

import pytest

from services.provider.domain.algorithms import (
    RawAlgorithm,
    checked_container,
    is_algorithm,
    parse_meta,
    published_container,
)
from services.provider.domain.asset import Asset, parse_asset
from services.provider.domain.compute import (
    AlgorithmUse,
    AssetUse,
    ItemRefused,
    UseRefused,
    Uses,
    check_named,
    resource_of,
)
from services.provider.domain.file_types import url_name
from services.provider.domain.trust import NotTrusted, Pin, Policy
from tests.fakes.ddos import DID, ddo

pytestmark = pytest.mark.clause("ocean C1.3")

ALGORITHM = AlgorithmUse(document_id="did:op:a", service_id="1")
DATASET = AssetUse(document_id="did:op:d", service_id="0", transfer_tx_id="0x1")
USES = Uses(consumer="0xc", datasets=(DATASET, DATASET), algorithm=ALGORITHM)
CONTAINER = {"entrypoint": "node $ALGO", "image": "node", "checksum": "sha256:" + "1" * 64}


def refusal(uses: Uses, *, orders_needed: bool = True) -> tuple[str, str] | None:
    try:
        check_named(uses, orders_needed=orders_needed)
    except UseRefused as error:
        return error.resource, error.code
    return None


def with_algorithm(**changes: Any) -> Uses:
    return replace(USES, algorithm=replace(ALGORITHM, **changes))


def with_dataset(index: int, **changes: Any) -> Uses:
    datasets = [DATASET, DATASET]
    datasets[index] = replace(DATASET, **changes)
    return replace(USES, datasets=datasets)


class TestNamed:
    @pytest.mark.parametrize(
        "uses",
        [
            USES,
            replace(USES, datasets=()),
            with_algorithm(document_id=None, service_id=None, meta={"rawcode": "x"}),
            with_algorithm(meta={"rawcode": "x"}),
        ],
        ids=["all", "no dataset", "raw", "both"],
    )
    def test_everything_is_there(self, uses: Uses) -> None:
        assert refusal(uses) is None

    @pytest.mark.parametrize(
        ("uses", "expected"),
        [
            (with_algorithm(document_id=None), ("algorithm", "missing_meta_documentId")),
            (with_algorithm(document_id="", meta={}), ("algorithm", "missing_meta_documentId")),
            (with_algorithm(service_id=None), ("algorithm.serviceId", "missing")),
            (with_algorithm(service_id="", meta={"rawcode": "x"}), ("algorithm.serviceId", "missing")),
            (with_dataset(0, document_id=None), ("dataset.documentId", "missing")),
            (with_dataset(0, transfer_tx_id=None), ("dataset.transferTxId", "missing")),
            (with_dataset(0, service_id=""), ("dataset.serviceId", "missing")),
            (with_dataset(1, document_id=""), ("datasets[1].documentId", "missing")),
            (with_dataset(1, transfer_tx_id="", service_id=None), ("datasets[1].transferTxId", "missing")),
            (with_dataset(1, service_id=None), ("datasets[1].serviceId", "missing")),
        ],
    )
    def test_the_first_that_is_missing_is_named(self, uses: Uses, expected: tuple[str, str]) -> None:
        assert refusal(uses) == expected

    def test_a_quote_needs_no_orders(self) -> None:
        assert refusal(with_dataset(0, transfer_tx_id=None), orders_needed=False) is None
        assert refusal(with_dataset(0, service_id=None), orders_needed=False) == (
            "dataset.serviceId",
            "missing",
        )

    @pytest.mark.parametrize(("index", "name"), [(0, "dataset"), (1, "datasets[1]"), (63, "datasets[63]")])
    def test_datasets_by_their_names(self, index: int, name: str) -> None:
        assert resource_of(index) == name

    def test_refusals_carry_their_facts(self) -> None:
        refused = UseRefused("dataset", "order_invalid", order="0x1")
        assert (refused.facts, str(refused)) == ({"order": "0x1"}, "dataset: order_invalid")
        item = ItemRefused("datasets[1]", KeyError("secret"))
        assert (item.resource, str(item)) == ("datasets[1]", "datasets[1]: KeyError")


def asset(**metadata: Any) -> Asset:
    return replace(parse_asset(ddo(), DID), metadata=metadata)


class TestAlgorithms:
    @pytest.mark.parametrize(
        ("metadata", "expected"),
        [
            ({"type": "algorithm"}, True),
            ({"type": "dataset"}, False),
            ({}, False),
            ({"type": ["algorithm"]}, False),
        ],
        ids=str,
    )
    def test_which_assets_are_one(self, metadata: dict[str, Any], expected: bool) -> None:
        assert is_algorithm(asset(**metadata)) is expected

    def test_a_published_container(self) -> None:
        assert published_container(asset(algorithm={"container": {**CONTAINER, "tag": "22", "x": 1}})) == {
            **CONTAINER,
            "tag": "22",
        }
        assert published_container(asset(algorithm={"container": {**CONTAINER, "tag": ""}})) == CONTAINER

    @pytest.mark.parametrize(
        "section", [None, "node", [], {}, {"container": None}, {"container": "node"}], ids=str
    )
    def test_an_asset_without_one(self, section: object) -> None:
        with pytest.raises(UseRefused) as caught:
            published_container(asset(algorithm=section))
        assert str(caught.value) == "algorithm.container: missing_entrypoint_image_checksum"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"image": ""}, "missing_entrypoint_image_checksum"),
            ({"entrypoint": None}, "missing_entrypoint_image_checksum"),
            ({"checksum": 5}, "missing_entrypoint_image_checksum"),
            ({"checksum": "1" * 64}, "checksum_prefix"),
            ({"checksum": "SHA256:" + "1" * 64}, "checksum_prefix"),
        ],
        ids=str,
    )
    def test_containers_that_are_none(self, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(UseRefused) as caught:
            checked_container({**CONTAINER, **changes})
        assert (caught.value.resource, caught.value.code) == ("algorithm.container", code)

    @pytest.mark.parametrize(
        ("given", "code", "url"),
        [
            ({"rawcode": "x"}, "x", None),
            ({"rawcode": "x" * 11, "url": "http://h/a"}, "x" * 11, None),
            ({"rawcode": "x" * 10, "url": "http://h/a"}, None, "http://h/a"),
            ({"rawcode": "", "url": "http://h/a"}, None, "http://h/a"),
            ({"rawcode": 5, "url": "http://h/a"}, None, "http://h/a"),
        ],
        ids=str,
    )
    def test_code_that_callers_bring(self, given: dict[str, Any], code: str | None, url: str | None) -> None:
        meta = {**given, "container": CONTAINER}
        assert parse_meta(meta) == RawAlgorithm(CONTAINER, code=code, url=url)
        assert "http" not in repr(parse_meta(meta))

    @pytest.mark.parametrize(
        "meta", [None, 5, [], {}, "", "{", "[]", "[" * 100_000, {"rawcode": "", "url": ""}], ids=range(9)
    )
    def test_what_brings_nothing(self, meta: object) -> None:
        with pytest.raises(UseRefused) as caught:
            parse_meta(meta)
        assert str(caught.value) == "algorithm: meta_oneof_url_rawcode_remote"


def test_a_list_that_nobody_can_read_trusts_nobody() -> None:
    with pytest.raises(NotTrusted) as caught:
        Policy(unreadable=True, algorithms={}).admit(DID, None)
    assert caught.value.code == "no_publisherTrustedAlgorithms"


def test_a_list_trusts_whom_it_names() -> None:
    policy = Policy(algorithms={DID: Pin()})
    assert policy.admit(DID, None) == Pin()
    with pytest.raises(NotTrusted) as caught:
        policy.admit("did:op:" + "0" * 64, None)
    assert caught.value.code == "not_trusted_algo"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/a/b.csv?key=secret#x", "b.csv"),
        ("https://h/a/", ""),
        ("https://h", ""),
        ("http://[::1/a", ""),
        ("https://h/%C3%BC", "%C3%BC"),
    ],
)
def test_a_file_is_called_as_its_url_ends(url: str, name: str) -> None:
    assert url_name(url) == name

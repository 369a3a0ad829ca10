"""The rules of contract 2.3, and that the published JSON Schema says the same about shapes."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from libs.signing.keys import did_for
from services.catalogue.domain.ddo_rules import MAX_ERRORS, problems_of
from services.catalogue.domain.ddo_schema import schema_of
from services.catalogue.domain.ddo_shapes import VERSIONS, ddo_shape
from tests.fakes.catalogue_assets import address, raw_ddo

pytestmark = pytest.mark.clause("ocean C2.3")

LONG = ("4.3.0", "4.5.0")


def ddo(version: str = "4.1.0", **changes: Any) -> dict[str, Any]:
    return {**raw_ddo(1), "version": version, **changes}


def full(version: str) -> dict[str, Any]:
    """Everything that may be there."""
    document = ddo(version)
    document["metadata"] |= {
        "copyrightHolder": "Somebody",
        "contentLanguage": "en",
        "links": ["https://a.example", "https://b.example"],
        "tags": ["a", "b"],
        "categories": [],
        "additionalInformation": {"anything": [1, None, {"goes": True}]},
        "algorithm": {
            "language": "python",
            "version": "1",
            "container": {
                "entrypoint": "python $ALGO", "image": "python", "tag": "3.12",
                "checksum": "sha256:" + "0" * 64,
            },
            "consumerParameters": [parameter()],
        },
    }  # fmt: skip
    document["services"][0] |= {
        "name": "A service",
        "description": "Two\nlines here",
        "compute": {
            "allowRawAlgorithm": False,
            "allowNetworkAccess": True,
            "publisherTrustedAlgorithmPublishers": [address(1)],
            "publisherTrustedAlgorithms": [
                {"did": "did:op:1", "filesChecksum": "aa", "containerSectionChecksum": "bb"}
            ],
        },
        "additionalInformation": {"x": 1},
        "consumerParameters": [parameter(), parameter()],
    }
    document["credentials"] = {
        "allow": [{"type": "address", "values": [address(1)]}],
        "deny": [{"type": "address", "values": [address(2), address(3)]}],
    }
    return document


def parameter(**changes: Any) -> dict[str, Any]:
    return {
        "name": "hometown", "type": "text", "label": "Hometown", "required": True,
        "description": "Where", "default": "Nowhere", "options": ["a", "b"], **changes,
    }  # fmt: skip


def put(document: dict[str, Any], path: list[str | int], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    if value is DELETE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


DELETE = object()


@pytest.mark.parametrize("version", VERSIONS)
def test_good_documents(version: str) -> None:
    assert problems_of(ddo(version)) == {}
    assert problems_of(full(version)) == {}


SURPRISING: list[tuple[list[str | int], Any]] = [
    (["metadata", "type"], "whatever"),
    (["services", 0, "compute"], DELETE),
    (["services", 0, "compute", "publisherTrustedAlgorithms"], None),
    (["unknown"], {"extra": 1}),
    (["metadata", "tags"], "a single text"),
    (["metadata", "tags"], []),
    (["metadata", "algorithm"], None),
    (["credentials"], None),
    (["credentials"], {}),
    (["metadata", "description"], "with\nline\nbreaks"),
    (["metadata", "created"], "2023-05-01T10:00:00Z"),
    (["metadata", "created"], "2023-05-01"),
    (["metadata", "updated"], DELETE),
    (["@context"], {"a": 1}),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("path", "value"), SURPRISING)
def test_accepted_though_surprising(version: str, path: list[str | int], value: Any) -> None:
    assert problems_of(put(full(version), path, value)) == {}


def test_two_identical_services_are_accepted() -> None:
    document = ddo()
    document["services"] *= 2
    assert problems_of(document) == {}


REFUSED: list[tuple[list[str | int], Any, str]] = [
    (["@context"], DELETE, "@context"),
    (["@context"], "text", "@context"),
    (["id"], "did:op:" + "0" * 64, "id"),
    (["id"], "wrong", "id"),
    (["chainId"], "8996", "chainId"),
    (["chainId"], True, "chainId"),
    (["chainId"], 0, "chainId"),
    (["nftAddress"], "0x12", "nftAddress"),
    (["nftAddress"], None, "nftAddress"),
    (["nftAddress"], {}, "nftAddress"),
    (["metadata"], DELETE, "metadata"),
    (["metadata"], [], "metadata"),
    (["metadata", "name"], DELETE, "metadata.name"),
    (["metadata", "author"], 5, "metadata.author"),
    (["metadata", "tags"], [1], "metadata.tags[0]"),
    (["metadata", "tags"], {"a": "b"}, "metadata.tags"),
    (["metadata", "created"], "yesterday", "metadata.created"),
    (["metadata", "updated"], 5, "metadata.updated"),
    (["metadata", "algorithm", "container"], DELETE, "metadata.algorithm.container"),
    (["metadata", "algorithm", "container", "image"], 5, "metadata.algorithm.container.image"),
    (["metadata", "algorithm", "consumerParameters", 0, "required"], "true",
     "metadata.algorithm.consumerParameters[0].required"),
    (["services"], "none", "services"),
    (["services"], [None], "services[0]"),
    (["services", 0, "timeout"], "0", "services[0].timeout"),
    (["services", 0, "timeout"], 1.5, "services[0].timeout"),
    (["services", 0, "files"], [], "services[0].files"),
    (["services", 0, "name"], "two\nlines", "services[0].name"),
    (["services", 0, "consumerParameters", 1, "options"], [{"a": "b"}],
     "services[0].consumerParameters[1].options[0]"),
    (["services", 0, "compute", "allowRawAlgorithm"], DELETE, "services[0].compute.allowRawAlgorithm"),
    (["services", 0, "compute", "publisherTrustedAlgorithms"], {},
     "services[0].compute.publisherTrustedAlgorithms"),
    (["credentials", "allow", 0, "values"], [], "credentials.allow[0].values"),
    (["credentials", "allow", 0, "values"], DELETE, "credentials.allow[0].values"),
    (["credentials", "deny", 0, "type"], DELETE, "credentials.deny[0].type"),
    (["credentials"], [], "credentials"),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("path", "value", "where"), REFUSED)
def test_the_message_stands_at_the_value_at_fault(
    version: str, path: list[str | int], value: Any, where: str
) -> None:
    problems = problems_of(put(full(version), path, value))
    assert list(problems) == [where]
    assert problems[where]


LENGTHS: list[tuple[list[str | int], Any, str]] = [
    (["version"], "4.3.0" + "0" * 12, ""),
    (["metadata", "name"], "n" * 513, "metadata.name"),
    (["metadata", "copyrightHolder"], "n" * 513, "metadata.copyrightHolder"),
    (["metadata", "links"], ["n" * 513], "metadata.links[0]"),
    (["metadata", "tags"], ["n" * 257], "metadata.tags[0]"),
    (["metadata", "tags"], ["n"] * 65, "metadata.tags"),
    (["metadata", "description"], "n" * 7001, "metadata.description"),
    (["services", 0, "files"], "n" * 8193, "services[0].files"),
    (["services", 0, "serviceEndpoint"], "short", "services[0].serviceEndpoint"),
    (["services", 0, "datatokenAddress"], "0x12", "services[0].datatokenAddress"),
    (["metadata", "algorithm", "container", "checksum"], "short", "metadata.algorithm.container.checksum"),
]


@pytest.mark.parametrize(("path", "value", "where"), LENGTHS[1:])
def test_lengths_count_from_4_3_0_on(path: list[str | int], value: Any, where: str) -> None:
    for version in VERSIONS:
        expected = [where] if version in LONG else []
        assert list(problems_of(put(full(version), path, value))) == expected


NEWEST: list[tuple[list[str | int], Any, str]] = [
    (["metadata", "name"], "abc", "metadata.name"),
    (["metadata", "description"], "too short", "metadata.description"),
    (["metadata", "algorithm", "container", "entrypoint"], "ab", "metadata.algorithm.container.entrypoint"),
    (["metadata", "algorithm", "container", "tag"], "", "metadata.algorithm.container.tag"),
]


@pytest.mark.parametrize(("path", "value", "where"), NEWEST)
def test_least_lengths_of_4_5_0(path: list[str | int], value: Any, where: str) -> None:
    for version in VERSIONS:
        expected = [where] if version == "4.5.0" else []
        assert list(problems_of(put(full(version), path, value))) == expected


def test_an_asset_without_services_is_new_in_4_5_0() -> None:
    for version in VERSIONS:
        for value in ([], DELETE, None):
            expected = [] if version == "4.5.0" else ["services"]
            assert list(problems_of(put(ddo(version), ["services"], value))) == expected


@pytest.mark.parametrize("version", [None, "", 4.1, "4.2.0", "5.0.0", ["4.1.0"]])
def test_unknown_versions(version: Any) -> None:
    assert list(problems_of(ddo() | {"version": version})) == ["version"]
    with pytest.raises(KeyError):
        ddo_shape("4.2.0")


def test_where_it_was_published_counts() -> None:
    document = ddo()
    nft = document["nftAddress"]
    assert problems_of(document, chain_id=8996, nft_address=nft.lower()) == {}
    assert list(problems_of(document, chain_id=1, nft_address=nft)) == ["chainId"]
    assert list(problems_of(document, chain_id=8996, nft_address=address(9))) == ["nftAddress"]


def test_the_did_is_made_of_the_checksummed_address() -> None:
    document = ddo()
    lower = document | {"nftAddress": document["nftAddress"].lower()}
    assert lower["id"] == did_for(document["nftAddress"], 8996)
    assert problems_of(lower) == {}


def test_the_list_of_problems_has_an_end() -> None:
    document = ddo()
    document["services"] = [{}] * 50
    assert 0 < len(problems_of(document)) <= MAX_ERRORS + 4


# -- the schema


def shape_problems(document: dict[str, Any]) -> set[str]:
    """Without the rules that no shape can say."""
    texts = ("did is not valid", "is missing or invalid.", "is not in iso format")
    return {path for path, text in problems_of(document).items() if not any(part in text for part in texts)}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_is_a_schema(version: str) -> None:
    Draft202012Validator.check_schema(schema_of(version))
    assert Draft202012Validator(schema_of(version)).is_valid(full(version))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.text(max_size=12) | st.just("x" * 9000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
PATHS: list[list[str | int]] = [path for path, *_ in [*REFUSED, *LENGTHS[1:], *NEWEST, *SURPRISING]]


@settings(max_examples=400, deadline=None)
@given(version=st.sampled_from(VERSIONS), path=st.sampled_from(PATHS), value=JSON)
def test_checker_and_schema_agree(version: str, path: list[str | int], value: Any) -> None:
    try:
        document = put(full(version), path, value)
    except (KeyError, IndexError):
        return
    problems = shape_problems(document)
    invalid = not Draft202012Validator(schema_of(version)).is_valid(document)
    # "Missing or invalid" texts stand for shapes and for more than shapes: there the checker may know more.
    if path[0] in ("@context", "id", "chainId", "nftAddress", "metadata") and len(path) == 1:
        assert not invalid or problems_of(document)
    else:
        assert bool(problems) == invalid


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_nothing_makes_the_checker_fail(value: Any) -> None:
    for version in VERSIONS:
        problems_of({"version": version, "metadata": value, "services": value, "id": value})
        problems_of({"version": value, "chainId": value, "nftAddress": value, "credentials": value})

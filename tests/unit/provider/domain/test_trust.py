"""Trust lists and pins, and the container sections they are about (contract 1.7, 7.2)."""

import hashlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.algorithms import RawAlgorithm, checked_container, parse_meta
from services.provider.domain.compute import UseRefused
from services.provider.domain.trust import (
    NotTrusted,
    Pin,
    Policy,
    check_container,
    check_files,
    container_checksum,
    parse_policy,
)

pytestmark = pytest.mark.clause("ocean C1.7", "ocean 7.2")

DID, OTHER = "did:op:" + "1" * 64, "did:op:" + "2" * 64
OWNER = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
A, B = "aa" * 32, "bb" * 32
CONTAINER = {"entrypoint": "node $ALGO", "image": "node", "checksum": "sha256:" + "1" * 64}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def admitted(policy: Policy, did: str = DID, owner: str | None = OWNER) -> str:
    """The refusal's code, empty when there is none."""
    try:
        policy.admit(did, owner)
    except NotTrusted as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    "section",
    [
        None,
        {},
        {"publisherTrustedAlgorithms": [], "publisherTrustedAlgorithmPublishers": []},
        {"publisherTrustedAlgorithms": None, "publisherTrustedAlgorithmPublishers": None},
    ],
)
def test_without_lists_every_published_algorithm_is_fine_and_no_raw_one(section: object) -> None:
    policy = parse_policy(section)
    assert admitted(policy) == ""
    assert not policy.network
    with pytest.raises(NotTrusted, match="no_raw_algo_allowed"):
        policy.admit_raw()


@pytest.mark.parametrize("section", [7, "x", [], [{}], True])
def test_a_section_that_cannot_be_read_admits_nobody(section: object) -> None:
    policy = parse_policy(section)
    assert admitted(policy) == "no_publisherTrustedAlgorithms"
    with pytest.raises(NotTrusted):
        policy.admit_raw()


@pytest.mark.parametrize("publishers", ["x", {}, [7], [""], [None]])
def test_publishers_that_cannot_be_read_are_nobody(publishers: object) -> None:
    policy = parse_policy({"publisherTrustedAlgorithmPublishers": publishers})
    assert admitted(policy) == "not_trusted_algo_publisher"
    assert admitted(policy, owner=None) == "not_trusted_algo_publisher"
    assert admitted(policy, owner="") == "not_trusted_algo_publisher"


@pytest.mark.parametrize("owner", [OWNER, OWNER.lower(), OWNER.upper()])
def test_publishers_are_compared_without_case(owner: str) -> None:
    assert admitted(parse_policy({"publisherTrustedAlgorithmPublishers": [owner]})) == ""


def test_permissions_are_true_and_nothing_like_it() -> None:
    for value in (1, "true", [True], None):
        policy = parse_policy({"allowRawAlgorithm": value, "allowNetworkAccess": value})
        assert (policy.raw, policy.network) == (False, False)
    policy = parse_policy({"allowRawAlgorithm": True, "allowNetworkAccess": True})
    assert (policy.raw, policy.network) == (True, True)
    policy.admit_raw()


def test_pins() -> None:
    listed = [{"did": DID, "filesChecksum": A.upper(), "containerSectionChecksum": B}, {"did": OTHER}]
    policy = parse_policy({"publisherTrustedAlgorithms": listed})
    assert policy.admit(DID, None) == Pin(A, B)
    assert policy.admit(OTHER, None) == Pin()
    odd = {"publisherTrustedAlgorithms": [{"did": DID, "filesChecksum": 0, "containerSectionChecksum": []}]}
    pin = parse_policy(odd).admit(DID, None)
    with pytest.raises(NotTrusted):
        check_files(pin, [A])
    with pytest.raises(NotTrusted):
        check_container(pin, CONTAINER)


@pytest.mark.parametrize(
    ("pinned", "now", "file"),
    [
        ("", [A], None),
        (A, [A], None),
        (A + B, [A, B], None),
        (A, [B], 0),
        (A + B, [B, A], 0),
        (A + B, [A, A], 1),
        (A, [A, B], 1),
        (A + B, [A], 1),
        (A[:-1], [A], 0),
        (A + "b", [A], 1),
        ("0x" + A, [A], 0),
    ],
)
def test_the_first_file_that_differs_is_named(pinned: str, now: list[str], file: int | None) -> None:
    if file is None:
        check_files(Pin(pinned), now)
        return
    with pytest.raises(NotTrusted, match="algorithm_file_checksum_mismatch") as caught:
        check_files(Pin(pinned), now)
    assert caught.value.file == file


def test_the_container_s_checksum_is_upstream_s() -> None:
    digest = "sha256:8221d20c1c16491d7d56b9657ea09082c0ee4a8ab1a6621fa720da58b09580e4"
    expected = "a8f87b1d14fd8304fb7825da73790e5de47b218ff38e6d94b12fca75f0a8a48a"
    container = {"entrypoint": "node $ALGO", "checksum": digest, "image": "not", "tag": "covered"}
    assert container_checksum(container) == expected
    check_container(Pin(container=expected), container)
    with pytest.raises(NotTrusted, match="algorithm_container_checksum_mismatch"):
        check_container(Pin(container=hashlib.sha256(b"").hexdigest()), container)


@given(ANYTHING)
def test_no_section_breaks_the_reader(section: Any) -> None:
    policy = parse_policy(
        {"publisherTrustedAlgorithms": section, "publisherTrustedAlgorithmPublishers": section}
    )
    restricted = section not in (None, [])
    assert bool(admitted(policy)) == restricted


@given(ANYTHING)
def test_no_meta_breaks_the_reader(meta: Any) -> None:
    for value in (meta, {"rawcode": meta, "container": CONTAINER}, {"rawcode": "x", "container": meta}):
        with suppress(UseRefused):
            found = parse_meta(value)
            assert (found.code is None) != (found.url is None)


@pytest.mark.parametrize(
    ("meta", "code", "url"),
    [
        ({"rawcode": "0123456789a"}, "0123456789a", None),
        ({"rawcode": "short"}, "short", None),
        ({"rawcode": "short", "url": "u"}, None, "u"),
        ({"rawcode": "0123456789a", "url": "u"}, "0123456789a", None),
        ({"rawcode": "", "url": "u"}, None, "u"),
    ],
)
def test_code_or_url(meta: dict[str, Any], code: str | None, url: str | None) -> None:
    found = parse_meta({**meta, "container": CONTAINER})
    assert (found.code, found.url) == (code, url)
    assert isinstance(found, RawAlgorithm)


def test_what_is_kept_of_a_container() -> None:
    assert checked_container({**CONTAINER, "tag": "22", "more": "x"}) == {**CONTAINER, "tag": "22"}
    assert checked_container({**CONTAINER, "tag": 22}) == CONTAINER
